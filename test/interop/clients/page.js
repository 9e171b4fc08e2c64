// Connections of the browser that has loaded this page. `stack.ts` describes the methods.
(() => {
  const SAMPLE_RATE = 48_000;
  const BLOCK_SAMPLES = 4096;
  const AMPLITUDE = 0.25;
  const connections = new Map();
  const audio = new AudioContext({ sampleRate: SAMPLE_RATE });

  function microphone(frequencyHz) {
    const destination = audio.createMediaStreamDestination();
    const oscillator = new OscillatorNode(audio, { frequency: frequencyHz });
    oscillator.connect(new GainNode(audio, { gain: AMPLITUDE })).connect(destination);
    oscillator.start();
    return destination.stream.getAudioTracks()[0];
  }

  function camera() {
    const canvas = document.createElement('canvas');
    canvas.getContext('2d');
    return canvas.captureStream(5).getVideoTracks()[0];
  }

  function connect({ sections, bundlePolicy, frequencyHz }) {
    const peer = new RTCPeerConnection({ bundlePolicy });
    for (const { kind, direction } of sections) {
      if (kind === 'data') peer.createDataChannel('data');
      else if (!direction.startsWith('send')) peer.addTransceiver(kind, { direction });
      else peer.addTransceiver(kind === 'audio' ? microphone(frequencyHz) : camera(), { direction });
    }
    const ears = listenTo(peer);
    return {
      async offer() {
        await peer.setLocalDescription();
        return peer.localDescription.sdp;
      },
      async offerAgain({ direction, iceRestart }) {
        peer.getTransceivers().find(({ receiver }) => receiver.track.kind === 'audio').direction = direction;
        await peer.setLocalDescription(await peer.createOffer({ iceRestart }));
        return peer.localDescription.sdp;
      },
      async accept(sdp) {
        await peer.setRemoteDescription({ type: 'answer', sdp });
        await connected(peer);
      },
      async listen(ms) {
        const blocks = await ears.record(ms);
        return { packets: await countPackets(peer), pcm: toBase64(blocks) };
      },
      hangUp() {
        ears.close();
        peer.close();
      },
    };
  }

  /** Chromium passes a remote track to Web Audio only while an element plays it. */
  function listenTo(peer) {
    const tap = audio.createScriptProcessor(BLOCK_SAMPLES, 1, 1);
    tap.connect(audio.destination);
    const elements = [];
    peer.addEventListener('track', ({ track }) => {
      if (track.kind !== 'audio') return;
      const stream = new MediaStream([track]);
      const element = new Audio();
      element.srcObject = stream;
      element.muted = true;
      elements.push(element);
      void element.play();
      audio.createMediaStreamSource(stream).connect(tap);
    });
    return {
      record(ms) {
        const blocks = [];
        const wanted = Math.ceil((ms * SAMPLE_RATE) / 1000 / BLOCK_SAMPLES);
        return new Promise((resolve) => {
          tap.onaudioprocess = ({ inputBuffer }) => {
            blocks.push(inputBuffer.getChannelData(0).slice());
            if (blocks.length === wanted) resolve(blocks);
          };
        });
      },
      close() {
        tap.disconnect();
        for (const element of elements) element.srcObject = null;
      },
    };
  }

  function connected(peer) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (peer.connectionState === 'connected') resolve();
        else if (peer.connectionState === 'failed') reject(new Error('the connection has failed'));
      };
      peer.addEventListener('connectionstatechange', look);
      look();
    });
  }

  async function countPackets(peer) {
    let packets = 0;
    for (const { type, packetsReceived } of (await peer.getStats()).values())
      if (type === 'inbound-rtp') packets += packetsReceived;
    return packets;
  }

  function toBase64(blocks) {
    let binary = '';
    for (const block of blocks) {
      const pcm = Int16Array.from(block, (sample) => Math.round(32_767 * Math.max(-1, Math.min(1, sample))));
      for (const byte of new Uint8Array(pcm.buffer)) binary += String.fromCharCode(byte);
    }
    return btoa(binary);
  }

  globalThis.interop = {
    async offer(name, options) {
      await audio.resume();
      connections.set(name, connect(options));
      return connections.get(name).offer();
    },
    offerAgain: (name, change) => connections.get(name).offerAgain(change),
    accept: (name, answer) => connections.get(name).accept(answer),
    listen: (name, ms) => connections.get(name).listen(ms),
    hangUp(name) {
      connections.get(name)?.hangUp();
      connections.delete(name);
    },
  };
})();
