// Connections with werift.
import { setTimeout as sleep } from 'node:timers/promises';
import { MediaStreamTrack, RTCPeerConnection } from 'werift';
import { sayTone } from './opus-tone.mjs';
import { answerRequests } from './requests.mjs';

function connect({ sections, bundlePolicy, frequencyHz }) {
  const peer = new RTCPeerConnection({ iceServers: [], ...(bundlePolicy !== null && { bundlePolicy }) });
  const heard = { packets: 0, payloads: null };
  const stops = [];
  let restarts = false;
  peer.onTrack.subscribe((track) => {
    if (track.kind === 'audio')
      track.onReceiveRtp.subscribe(({ payload }) => heard.payloads?.push(payload.toString('base64')));
  });

  function addSection({ kind, direction }) {
    if (kind === 'data') return peer.createDataChannel('data');
    if (!direction.startsWith('send')) return peer.addTransceiver(kind, { direction });
    const track = new MediaStreamTrack({ kind });
    if (kind === 'audio')
      stops.push(sayTone({ frequencyHz, payloadType: 96, ssrc: 1 }, (packet) => track.writeRtp(packet)));
    return peer.addTransceiver(track, { direction });
  }

  return {
    async offer() {
      for (const section of sections) addSection(section);
      const offer = await peer.createOffer();
      // Without servers in its configuration, werift asks a public one.
      for (const { connection } of peer.iceTransports) delete connection.stunServer;
      await peer.setLocalDescription(offer);
      return peer.localDescription.sdp;
    },
    async offerAgain({ direction, iceRestart }) {
      restarts = iceRestart;
      peer
        .getTransceivers()
        .find(({ kind }) => kind === 'audio')
        .setDirection(direction);
      await peer.setLocalDescription(await peer.createOffer({ iceRestart }));
      return peer.localDescription.sdp;
    },
    async accept(answer) {
      if (peer.connectionState !== 'connected')
        for (const transport of peer.dtlsTransports) transport.onRtp.subscribe(() => heard.packets++);
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
      // While DTLS is connected, werift does not start ICE again. After an ICE restart it would wait for the checks of
      // the other side, and an ICE-lite server sends none.
      if (restarts) for (const { iceTransport } of peer.dtlsTransports) await iceTransport.start();
      restarts = false;
      await connected(peer);
    },
    async listen(ms) {
      heard.payloads = [];
      await sleep(ms);
      return { ...heard };
    },
    async hangUp() {
      for (const stop of stops) stop();
      await peer.close();
    },
  };
}

function connected(peer) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (peer.connectionState === 'connected') resolve();
      else if (peer.connectionState === 'failed' || peer.connectionState === 'closed')
        reject(new Error(`the connection is ${peer.connectionState}`));
    };
    peer.connectionStateChange.subscribe(look);
    look();
  });
}

answerRequests(connect);
