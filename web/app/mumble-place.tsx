import type { Call } from './call.ts';
import { useLazy } from './lazy.ts';

/** Says so if something is wrong with the Mumble server with which the room is coupled. */
export function MumblePlace({ call }: { readonly call: Call }) {
  const news = call.mumble.value;
  const load = () => import('./mumble-notice.tsx').then(({ MumbleNotice }) => MumbleNotice);
  const Notice = useLazy(news !== null && news.state !== 'connected', load);
  return Notice && news && <Notice news={news} />;
}
