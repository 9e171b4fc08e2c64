import { useSignal } from '@preact/signals';
import type { AdminSession } from './admin-session.ts';
import type { ServerStatus, WorkerStatus } from './api.ts';
import { clusterStrings } from './cluster-strings.ts';
import { Dialog } from './dialog.tsx';
import { Figures } from './figures.tsx';
import { durationText, strings } from './strings.ts';

/** The state of the server, and actions for the whole server. */
export function ServerView({ session, server }: { session: AdminSession; server: ServerStatus }) {
  const { version, status, problems, uptimeSeconds, rooms, participants, connections, candidates, draining } = server;
  const figures = [
    [strings.rooms, rooms],
    [strings.participants, participants],
    [strings.connections, connections],
    [strings.uptime, durationText(uptimeSeconds)],
    [strings.version, version],
  ] as const;
  const deadline = draining?.deadline ?? null;
  return (
    <section class="card panel" aria-labelledby="server-title">
      <header>
        <h2 id="server-title">{strings.server}</h2>
        <span class="state" data-testid="status" data-status={status}>
          {strings.status[status]}
        </span>
        {draining === null && (
          <DrainButton
            question={strings.drainQuestion}
            onDrain={(seconds) => void session.run((api) => api.drain(seconds))}
          />
        )}
      </header>
      {problems.map(({ code, message }) => (
        <div key={code + message} class="message message-error">
          <span>{message}</span>
        </div>
      ))}
      {draining !== null && (
        <div class="message message-warning" data-testid="draining">
          <span>{strings.draining(deadline === null ? null : new Date(deadline).toLocaleString())}</span>
          <button
            type="button"
            class="button"
            data-testid="undrain"
            onClick={() => void session.run((api) => api.undrain())}
          >
            {strings.undrain}
          </button>
        </div>
      )}
      <Figures class="totals" figures={figures} />
      <p class="quiet addresses" data-testid="candidates">
        {candidates.length > 0 ? strings.mediaAt(candidates.join(', ')) : strings.mediaNowhere}
      </p>
      <h3>{strings.workers}</h3>
      <ul class="workers">
        {server.workers.map((worker) => (
          <Worker key={worker.worker} {...worker} />
        ))}
      </ul>
    </section>
  );
}

interface DrainProps {
  readonly question: string;
  /** Undefined: of the server that was asked. */
  readonly node?: string;
  readonly onDrain: (deadlineSeconds: number | undefined) => void;
}

export function DrainButton({ question, node, onDrain }: DrainProps) {
  const isOpen = useSignal(false);
  const minutes = useSignal('');
  return (
    <>
      <button
        type="button"
        class="button button-danger"
        data-testid={node === undefined ? 'drain' : 'drain-node'}
        aria-label={node === undefined ? strings.drain : clusterStrings.drain(node)}
        onClick={() => {
          isOpen.value = true;
        }}
      >
        {strings.drain}
      </button>
      {isOpen.value && (
        <Dialog
          title={question}
          confirm={strings.drain}
          isDangerous
          onConfirm={() => {
            onDrain(minutes.value === '' ? undefined : Math.round(Number(minutes.value) * 60));
          }}
          onClose={() => {
            isOpen.value = false;
          }}
        >
          <label class="field">
            <span class="field-label">{strings.drainMinutes}</span>
            <input
              inputMode="numeric"
              pattern="[0-9]{1,5}"
              data-testid="drain-minutes"
              value={minutes.value}
              onInput={(event) => {
                minutes.value = event.currentTarget.value;
              }}
            />
          </label>
        </Dialog>
      )}
    </>
  );
}

function Worker(status: WorkerStatus) {
  const { worker, running, load, talkers, connections, jitterBufferDelayMs, tickLatenessMaxMs } = status;
  const figures = [
    [strings.load, `${Math.round(load * 100)} %`],
    [strings.lateness, `${tickLatenessMaxMs} ms`],
    [strings.delay, `${jitterBufferDelayMs} ms`],
    [strings.media, connections],
    [strings.talkers, talkers],
  ] as const;
  return (
    <li data-testid="worker" data-running={running}>
      <div class="worker-name">
        <strong>
          {strings.worker} {worker}
        </strong>
        <span class="quiet">{workerState(status)}</span>
      </div>
      <meter min={0} max={1} high={0.8} optimum={0} value={Math.min(load, 1)} aria-label={strings.loadOf(worker)} />
      <Figures class="figures" figures={figures} />
    </li>
  );
}

function workerState({ running, failing, overloadLevel, starved, restarts }: WorkerStatus): string {
  const life = failing ? strings.failing : running ? strings.running : strings.dead;
  return [
    life,
    ...(overloadLevel > 0 ? [strings.overload(overloadLevel)] : []),
    ...(starved ? [strings.starved] : []),
    ...(restarts > 0 ? [strings.restarts(restarts)] : []),
  ].join(', ');
}
