import { onOff } from './kinds.ts';
import { setting } from './setting.ts';

/** The settings of sound over WebSockets; part of `SETTINGS`. */
export const WEB_SOCKET_SETTINGS = {
  webSocketMedia: setting(onOff(), {
    default: 'on',
    help: 'Whether the sound of people for whom WebRTC does not get through may go over WebSockets at the port of the page.',
  }),
};
