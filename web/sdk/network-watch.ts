/** What tells of changes in a browser. Everything may be missing: where nobody tells, clients find out by themselves, later. */
export interface NetworkSources {
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | undefined;
  readonly document:
    | (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly visibilityState: string })
    | undefined;
  /** `navigator.connection`, where there is one (Network Information API); only telephones tell the type. */
  readonly connection:
    | (Pick<EventTarget, 'addEventListener' | 'removeEventListener'> & { readonly type?: string | undefined })
    | undefined;
}

export interface NetworkListener {
  /** The browser has another network, or has one again. */
  networkChanged(): void;
  /** The page was hidden, frozen or asleep, and is there again. */
  checkConnection(): void;
}

/** Tells a client, usually a `VoiceClient`, when it had better look after its connections; returns the function that ends this. */
export function watchNetwork(listener: NetworkListener, sources: NetworkSources = browserSources()): () => void {
  const changed = () => listener.networkChanged();
  let type = sources.connection?.type;
  // It tells of every new estimate of the throughput as well.
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
