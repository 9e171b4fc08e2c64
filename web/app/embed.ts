import { effect } from '@preact/signals';
import type { Call } from './call.ts';
import { useToken } from './join-token.ts';
import { roomOfPath } from './room-link.ts';

/** The version of the messages, in each of them. */
const VERSION = 1;

interface Command {
  readonly id: number;
  readonly command: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A refusal of a command. `code` is for programs. */
class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Obeys the page that frames this one, and tells it what happens. The browser shows this page only in frames that the
 * operator has allowed (`frame-ancestors`); that list is checked again for each message.
 */
export async function obeyParent(call: Call): Promise<void> {
  const allowed = await frameAncestors();
  let target: string | null = null;
  const post = (message: object) => {
    if (target !== null) parent.postMessage({ partyline: VERSION, ...message }, target);
  };
  addEventListener('message', async ({ source, origin, data }: MessageEvent<unknown>) => {
    if (source !== parent || !allowed.some((pattern) => matches(pattern, origin))) return;
    const command = commandOf(data);
    if (command === null) return;
    if (command.command === 'hello') {
      const isFirst = target === null;
      target = origin;
      post({ event: 'ready' });
      if (isFirst) watch(call, post);
      return;
    }
    if (target !== origin) return;
    try {
      await run(call, command);
      post({ reply: command.id });
    } catch (thrown) {
      const code = thrown instanceof Refusal ? thrown.code : 'internal';
      post({ reply: command.id, error: { code, message: thrown instanceof Error ? thrown.message : String(thrown) } });
    }
  });
  // It says nothing but that somebody listens now, and nobody else can frame this page.
  parent.postMessage({ partyline: VERSION, event: 'loaded' }, '*');
}

/** From the policy with which the server sent this page. */
async function frameAncestors(): Promise<readonly string[]> {
  const { headers } = await fetch(location.pathname, { method: 'HEAD' });
  const [, list = ''] = /frame-ancestors ([^;]*)/.exec(headers.get('content-security-policy') ?? '') ?? [];
  return list.split(' ').filter((origin) => origin !== '');
}

/** As in a Content-Security-Policy, for the forms that the server's setting allows. */
function matches(pattern: string, origin: string): boolean {
  const [scheme, suffix] = pattern.split('://*.');
  if (suffix === undefined) return pattern === origin;
  return origin.startsWith(`${scheme}://`) && origin.endsWith(`.${suffix}`);
}

function commandOf(value: unknown): Command | null {
  const { partyline, id, command, data } = (value ?? {}) as Record<string, unknown>;
  if (partyline !== VERSION || typeof id !== 'number' || typeof command !== 'string') return null;
  return { id, command, data: typeof data === 'object' && data !== null ? (data as Command['data']) : {} };
}

async function run(call: Call, { command, data }: Command): Promise<void> {
  const text = (key: string) => (typeof data[key] === 'string' ? data[key] : '');
  switch (command) {
    case 'join': {
      if (text('token') !== '' && !useToken(text('token')))
        throw new Refusal('token_invalid', 'It is not a join token.');
      const room = roomOfPath(location.pathname) ?? 'lobby';
      const mode = data['muted'] === true ? 'muted' : 'open';
      await call.join({ room, name: text('name'), password: text('password'), mode });
      const state = call.client.state;
      if (state.status === 'closed') throw new Refusal(state.reason, state.message);
      break;
    }
    case 'leave':
      call.leave();
      break;
    case 'setMuted':
      call.setMuted(data['muted'] === true);
      break;
    case 'setDeafened':
      call.setDeafened(data['deafened'] === true);
      break;
    default:
      throw new Refusal('unknown_type', `There is no command ${command}.`);
  }
}

/** Tells the parent what happens from now on, and how it is now. */
function watch(call: Call, post: (message: object) => void): void {
  effect(() => {
    const { status, ...rest } = call.state.value;
    post({ event: 'state', data: { status, ...('reason' in rest && { reason: rest.reason }) } });
  });
  effect(() => {
    const people = Array.from(call.participants.value.values(), ({ id, identity, name, muted, deafened }) => {
      return { id, identity, name, muted, deafened, isLocal: id === call.client.participantId };
    });
    post({ event: 'participants', data: people });
  });
  let spoke = '';
  effect(() => {
    const ids = [...call.levels.value.keys()].filter((id) => call.participants.value.has(id)).sort();
    if (ids.join() === spoke) return;
    spoke = ids.join();
    post({ event: 'speaking', data: ids });
  });
  effect(() => {
    if (call.notice.value !== '') post({ event: 'problem', data: { message: call.notice.value } });
  });
}
