// Connections with libdatachannel.
import { setTimeout as sleep } from 'node:timers/promises';
import datachannel from 'node-datachannel';
import { sayTone } from './opus-tone.mjs';
import { answerRequests } from './requests.mjs';

const OPUS = 111;
const VP8 = 96;
const DIRECTIONS = { sendrecv: 'SendRecv', sendonly: 'SendOnly', recvonly: 'RecvOnly', inactive: 'Inactive' };

let connections = 0;

function connect({ sections, frequencyHz }) {
  const peer = new datachannel.PeerConnection(`client ${++connections}`, { iceServers: [] });
  const heard = { packets: 0, payloads: null };
  const stops = [];
  let tracks = [];

  function addSection({ kind, direction }, index) {
    if (kind === 'data') return peer.createDataChannel('data');
    const media = new datachannel[kind === 'audio' ? 'Audio' : 'Video'](`${kind}${index}`, DIRECTIONS[direction]);
    const ssrc = 1000 * connections + index;
    if (kind === 'audio') media.addOpusCodec(OPUS);
    else media.addVP8Codec(VP8);
    if (direction.startsWith('send')) media.addSSRC(ssrc, 'client', 'client', `${kind}${index}`);
    const track = peer.addTrack(media);
    track.onMessage(hear);
    if (kind !== 'audio' || !direction.startsWith('send')) return track;
    track.onOpen(() => {
      const say = (packet) => track.isOpen() && track.sendMessageBinary(packet);
      stops.push(sayTone({ frequencyHz, payloadType: OPUS, ssrc }, say));
    });
    return track;
  }

  function hear(packet) {
    const isRtcp = packet[1] >= 192 && packet[1] <= 223;
    if (isRtcp) return;
    heard.packets++;
    heard.payloads?.push(packet.subarray(12).toString('base64'));
  }

  return {
    async offer() {
      const gathered = new Promise((resolve) => {
        peer.onGatheringStateChange((state) => state === 'complete' && resolve());
      });
      // References are kept, because a garbage-collected track is closed.
      tracks = sections.map(addSection);
      peer.setLocalDescription('offer');
      await gathered;
      return peer.localDescription().sdp;
    },
    // The binding offers neither another direction nor an ICE restart.
    offerAgain({ direction, iceRestart }) {
      if (direction !== 'sendrecv' || iceRestart) throw new Error('libdatachannel cannot change this');
      peer.setLocalDescription('offer');
      return peer.localDescription().sdp;
    },
    async accept(answer) {
      if (peer.state() === 'connected') {
        peer.setRemoteDescription(answer, 'answer');
        return;
      }
      const stands = new Promise((resolve, reject) => {
        peer.onStateChange((state) => {
          if (state === 'connected') resolve();
          else if (state === 'failed' || state === 'closed') reject(new Error(`the connection is ${state}`));
        });
      });
      peer.setRemoteDescription(answer, 'answer');
      await stands;
    },
    async listen(ms) {
      heard.payloads = [];
      await sleep(ms);
      return { ...heard };
    },
    hangUp() {
      for (const stop of stops) stop();
      for (const track of tracks) track.close();
      peer.close();
    },
  };
}

answerRequests(connect);
