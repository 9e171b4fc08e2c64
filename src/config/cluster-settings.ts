import { choice, integer, path, secret, text } from './kinds.ts';
import { setting } from './setting.ts';

/** Those of several servers with the same rooms; part of `SETTINGS`. */
export const CLUSTER_SETTINGS = {
  clusterEngine: setting(text({ maxLength: 500 }), {
    default: '',
    help: 'Redis or Valkey in which several servers agree who has which room, such as redis://10.0.0.5:6379 (rediss:// with TLS). If empty, this server is alone.',
  }),
  clusterEnginePassword: setting(secret({ minBytes: 1 }), {
    default: '',
    help: 'Password of the engine. Other users of the machine can read flags, so a file is safer.',
  }),
  clusterEnginePasswordFile: setting(path(), {
    default: '',
    help: 'File that contains the cluster-engine-password. Surrounding white space is ignored.',
  }),
  clusterSecret: setting(secret({ minBytes: 32 }), {
    default: '',
    help: 'Secret that all servers of the cluster have. Other users of the machine can read flags, so a file is safer.',
  }),
  clusterSecretFile: setting(path(), {
    default: '',
    help: 'File that contains the cluster-secret. Surrounding white space is ignored.',
  }),
  clusterName: setting(text({ maxLength: 64 }), {
    default: 'partyline',
    help: 'Name of the cluster in the engine. Clusters with different names may use the same engine.',
  }),
  clusterNode: setting(text({ maxLength: 64 }), {
    default: '',
    help: 'Name of this server in the cluster, different from all others. If empty, the name of the machine.',
  }),
  nodeUrl: setting(text({ maxLength: 500 }), {
    default: '',
    help: 'Where clients find the WebSocket of this server and of no other: wss://n2.voice.example.org/ws, or behind one name /n/n2/ws.',
  }),
  clusterPeer: setting(text({ maxLength: 500 }), {
    default: '',
    help: 'Where the other servers reach the HTTP port of this one, such as http://10.0.0.2:8080. They ask there whether it lives, and what the API wants to know or do.',
  }),
  clusterPages: setting(text({ maxLength: 2000 }), {
    default: '',
    help: 'Where pages of this cluster may connect besides their own host, separated by spaces, such as wss://*.voice.example.org. Not needed behind one name.',
  }),
  clusterRegion: setting(text({ maxLength: 64 }), {
    default: '',
    help: 'New rooms are opened in the region of the server that was asked, if one there takes rooms.',
  }),
  clusterLeaseMs: setting(integer({ min: 1500, max: 60_000 }), {
    default: 4000,
    help: 'How long a server keeps its rooms after it has last reached the engine, once nobody reaches it.',
  }),
  clusterSpanPercent: setting(integer({ min: 0, max: 100 }), {
    default: 0,
    help: 'Worker load in percent above which newcomers of a large room get their sound from another server of the cluster. 0: never. Only for rooms without whispers and channels.',
  }),
  clusterEngineDown: setting(choice(['hash', 'refuse']), {
    default: 'hash',
    help: 'Without the engine new rooms are opened where all servers expect them (hash), or not at all (refuse). Rooms that run always go on.',
  }),
};
