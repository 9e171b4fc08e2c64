/** The browser's sources of network changes. All of them may be missing; clients then find out by themselves, later. */
export interface NetworkSources {
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | undefined;
  readonly document:
    | (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly visibilityState: string })
    | undefined;
  /** `navigator.connection`, if available (Network Information API); only phones report the type. */
  readonly connection:
    | (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly type?: string | undefined })
    | undefined;
}

export interface NetworkListener {
  /** The browser has another network, or is online again. */
  networkChanged(): void;
  /** The page was hidden, frozen or asleep, and is active again. */
  checkConnection(): void;
}

/** Tells a client, usually a `VoiceClient`, when to check its connections. Returns a function that stops this. */
export function watchNetwork(listener: NetworkListener, sources: NetworkSources = browserSources()): () => void {
  const changed = () => listener.networkChanged();
  let type = sources.connection?.type;
  // It also fires for every new throughput estimate.
  const connectionChanged = () => {
    if (sources.connection?.type === type) return;
    type = sources.connection?.type;
    if (type !== 'none') changed();
  };
  const awake = () => {
    if (sources.document?.visibilityState !== 'hidden') listener.checkConnection();
  };
  const watched = [
    [sources.window, 'online', changed],
    [sources.connection, 'change', connectionChanged],
    [sources.window, 'pageshow', awake],
    [sources.document, 'visibilitychange', awake],
    [sources.document, 'resume', awake],
  ] as const;
  for (const [source, name, callback] of watched) source?.addEventListener(name, callback);
  return () => {
    for (const [source, name, callback] of watched) source?.removeEventListener(name, callback);
  };
}

function browserSources(): NetworkSources {
  const { connection } = (globalThis.navigator ?? {}) as { connection?: NetworkSources['connection'] };
  return { window: globalThis.window, document: globalThis.document, connection };
}
