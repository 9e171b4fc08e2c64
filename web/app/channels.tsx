import { useEffect, useMemo } from 'preact/hooks';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { TalkTarget } from '../sdk/channels.ts';
import type { Call } from './call.ts';
import { strings } from './language.ts';
import { useLazy } from './lazy.ts';

const texts = strings.channels;
const SHOUT: TalkTarget = { shout: true };
/** The keys that press a button. */
const PRESS: ReadonlySet<string> = new Set([' ', 'Enter']);

/** The room's teams, whose code is loaded when there are any, and shouts. */
export function Teams({ call }: { call: Call }) {
  const hasTeams = call.channels.value.channels.length > 0;
  const Loaded = useLazy(hasTeams, () => import('./teams.tsx').then((loaded) => loaded.Teams));
  const shown = (
    <>
      <Shouting call={call} />
      {Loaded && <Loaded call={call} />}
      <ShoutButton call={call} />
    </>
  );
  return hasTeams ? (
    <div class="teams" data-testid="teams">
      {shown}
    </div>
  ) : (
    shown
  );
}

/** Whispers to this person while it is held down. */
export function WhisperButton({ call, person }: { call: Call; person: ParticipantInfo }) {
  const target = useMemo(() => ({ to: [person.id] }), [person.id]);
  return (
    <HoldButton call={call} target={target} testId="whisper" label={texts.whisperTo(person.name)}>
      {texts.whisper}
    </HoldButton>
  );
}

/** Speaks to this room and all linked ones while it is held down. Nothing for those who may not. */
function ShoutButton({ call }: { call: Call }) {
  const { shoutsTo } = call.channels.value;
  if (shoutsTo.length === 0) return null;
  return (
    <HoldButton call={call} target={SHOUT} testId="shout" label={texts.shoutTo(shoutsTo.join(strings.separator))}>
      {texts.shout}
    </HoldButton>
  );
}

/** Who shouts in a linked room and is heard here. */
function Shouting({ call }: { call: Call }) {
  const { shouting } = call.channels.value;
  return (
    <p class="shouting" role="status" data-testid="shouting" hidden={shouting.length === 0}>
      {shouting.map(({ id, name, room }) => (
        <span key={id} dir="auto">
          {texts.shoutsFrom(name, room)}
        </span>
      ))}
    </p>
  );
}

interface HoldButtonOptions {
  readonly call: Call;
  readonly target: TalkTarget;
  readonly testId: string;
  /** Says what happens while it is held. */
  readonly label: string;
  readonly children: string;
}

/** Speaks only to the target while it is held down. */
function HoldButton({ call, target, testId, label, children }: HoldButtonOptions) {
  const stop = () => {
    if (call.held.value === target) call.hold(null);
  };
  // The button may disappear while it is held.
  useEffect(() => stop, [target]);
  return (
    <button
      type="button"
      class="whisper"
      data-testid={testId}
      aria-label={label}
      title={label}
      aria-pressed={call.held.value === target}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        call.hold(target);
      }}
      onPointerUp={stop}
      onPointerCancel={stop}
      onLostPointerCapture={stop}
      onKeyDown={(event) => {
        if (PRESS.has(event.key) && !event.repeat) call.hold(target);
      }}
      onKeyUp={stop}
      onBlur={stop}
      onContextMenu={(event) => event.preventDefault()}
    >
      {children}
    </button>
  );
}

/** How a person speaks to this participant, if not to everyone; null otherwise. */
export function talkStatus(call: Call, id: string): string | null {
  const view = call.channels.value.talking.get(id);
  if (view === undefined) return null;
  return view.whispers ? texts.whispersToYou : texts.speaksTo(view.channels.join(strings.separator));
}
