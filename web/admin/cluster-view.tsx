import type { AdminSession } from './admin-session.ts';
import type { ClusterStatus } from './api.ts';
import { clusterStrings as texts } from './cluster-strings.ts';
import { Figures } from './figures.tsx';
import { DrainButton } from './server-view.tsx';
import { strings } from './strings.ts';

type NodeStatus = ClusterStatus['nodes'][number];

interface ClusterProps {
  readonly session: AdminSession;
  readonly cluster: ClusterStatus;
  /** Servers that did not answer the one that was asked. */
  readonly silent: readonly string[];
}

/** The servers of the cluster; nothing for a server by itself. */
export function ClusterView({ session, cluster: { engineReached, nodes }, silent }: ClusterProps) {
  if (nodes.length === 0) return null;
  return (
    <section class="card panel" aria-labelledby="cluster-title">
      <h2 id="cluster-title">{texts.title}</h2>
      {!engineReached && (
        <div class="message message-warning">
          <span>{texts.noEngine}</span>
        </div>
      )}
      {new Set(nodes.map(({ version }) => version)).size > 1 && <p class="quiet">{texts.versions}</p>}
      <ul class="workers">
        {nodes.map((node) => (
          <Node key={node.node} session={session} status={node} isSilent={silent.includes(node.node)} />
        ))}
      </ul>
    </section>
  );
}

interface NodeProps {
  readonly session: AdminSession;
  readonly status: NodeStatus;
  readonly isSilent: boolean;
}

function Node({ session, status, isSilent }: NodeProps) {
  const { node, self, version, region, load, rooms, participants, draining, settingsDiffer } = status;
  const figures = [
    [strings.load, `${Math.round(load * 100)} %`],
    [strings.rooms, rooms],
    [strings.participants, participants],
    [strings.version, version],
    ...(region === '' ? [] : [[texts.region, region] as const]),
  ] as const;
  const state = isSilent ? texts.silent : draining ? texts.draining : load >= 1 ? texts.full : texts.ready;
  return (
    <li data-testid="node" data-node={node} data-draining={draining} data-silent={isSilent}>
      <div class="worker-name">
        <strong dir="auto">{node}</strong>
        <span class="quiet">{self ? `${state}, ${texts.self}` : state}</span>
      </div>
      <meter min={0} max={1} high={0.8} optimum={0} value={Math.min(load, 1)} aria-label={texts.loadOf(node)} />
      <Figures class="figures" figures={figures} />
      {settingsDiffer.length > 0 && <p class="quiet">{texts.differs(settingsDiffer)}</p>}
      <div class="actions">
        {draining ? (
          <button
            type="button"
            class="button"
            data-testid="undrain-node"
            aria-label={texts.undrain(node)}
            onClick={() => void session.run((api) => api.undrainNode(node))}
          >
            {texts.undrainShort}
          </button>
        ) : (
          <DrainButton
            question={texts.drainQuestion(node)}
            node={node}
            onDrain={(seconds) => void session.run((api) => api.drainNode(node, seconds))}
          />
        )}
      </div>
    </li>
  );
}
