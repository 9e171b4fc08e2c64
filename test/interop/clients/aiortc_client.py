"""Connections with aiortc; test/interop/stack.ts describes the requests and replies."""
import array
import asyncio
import base64
import fractions
import json
import math
import sys
import time

from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
    rtcdtlstransport,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

SAMPLE_RATE = 48_000
FRAME_SAMPLES = 960
AMPLITUDE = 0.25


def tone_frames(frequency_hz):
    """One second of a tone. It can be repeated without a step if the frequency is a whole number."""
    step = 2 * math.pi * frequency_hz / SAMPLE_RATE
    samples = array.array(
        "h", (round(32767 * AMPLITUDE * math.sin(step * n)) for n in range(SAMPLE_RATE))
    )
    return [
        samples[at : at + FRAME_SAMPLES].tobytes()
        for at in range(0, SAMPLE_RATE, FRAME_SAMPLES)
    ]


class Tone(MediaStreamTrack):
    """A microphone that picks up one tone."""

    kind = "audio"

    def __init__(self, frequency_hz):
        super().__init__()
        self.frames = tone_frames(frequency_hz)
        self.sent = 0
        self.start = time.monotonic()

    async def recv(self):
        position = self.sent * FRAME_SAMPLES
        await asyncio.sleep(self.start + position / SAMPLE_RATE - time.monotonic())
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(self.frames[self.sent % len(self.frames)])
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        frame.pts = position
        self.sent += 1
        return frame


class Connection:
    def __init__(self, sections, frequency_hz):
        self.packets = 0
        self.recording = None
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: asyncio.ensure_future(self.hear(track)))
        self.connected = asyncio.get_event_loop().create_future()
        self.peer.on("connectionstatechange", self.check_state)
        for section in sections:
            self.add(section["kind"], section["direction"], frequency_hz)

    def add(self, kind, direction, frequency_hz):
        if kind == "data":
            self.peer.createDataChannel("data")
            return
        sends = direction in ("sendrecv", "sendonly")
        track = Tone(frequency_hz) if kind == "audio" else VideoStreamTrack()
        self.peer.addTransceiver(track if sends else kind, direction=direction)

    def check_state(self):
        state = self.peer.connectionState
        if self.connected.done():
            return
        if state == "connected":
            self.connected.set_result(None)
        elif state in ("failed", "closed"):
            self.connected.set_exception(Exception(f"the connection is {state}"))

    async def hear(self, track):
        try:
            while True:
                frame = await track.recv()
                if self.recording is not None and track.kind == "audio":
                    # The decoder always returns two interleaved channels.
                    self.recording.extend(array.array("h", bytes(frame.planes[0]))[::2])
        except MediaStreamError:
            pass

    async def offer(self):
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def offer_again(self, direction, ice_restart):
        if ice_restart:
            raise Exception("aiortc cannot restart ICE")
        audio = next(one for one in self.peer.getTransceivers() if one.kind == "audio")
        audio.direction = direction
        return await self.offer()

    async def accept(self, answer):
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        for transceiver in self.peer.getTransceivers():
            count_packets(transceiver.receiver.transport, self)
        await self.connected

    async def listen(self, ms):
        self.recording = array.array("h")
        await asyncio.sleep(ms / 1000)
        return {
            "packets": self.packets,
            "pcm": base64.b64encode(self.recording.tobytes()).decode(),
        }


def count_packets(transport, connection):
    """Counts decrypted packets, even if no receiver wants them. Sections of one bundle share a transport."""
    transport.counted_for = connection


handle_rtp_data = rtcdtlstransport.RTCDtlsTransport._handle_rtp_data


async def count_and_handle(self, data, arrival_time_ms):
    self.counted_for.packets += 1
    await handle_rtp_data(self, data, arrival_time_ms)


rtcdtlstransport.RTCDtlsTransport._handle_rtp_data = count_and_handle

connections = {}


async def answer_request(request):
    name = request["connection"]
    if request["method"] == "offer":
        connections[name] = Connection(request["sections"], request["frequencyHz"])
        return await connections[name].offer()
    if request["method"] == "offerAgain":
        return await connections[name].offer_again(
            request["direction"], request["iceRestart"]
        )
    if request["method"] == "accept":
        return await connections[name].accept(request["answer"])
    if request["method"] == "listen":
        return await connections[name].listen(request["ms"])
    await connections.pop(name).peer.close()


async def reply(request):
    try:
        message = {"id": request["id"], "result": await answer_request(request)}
    except Exception as error:  # The test reports the error.
        message = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(message), flush=True)


async def main():
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_event_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    tasks = set()
    while line := await reader.readline():
        task = asyncio.ensure_future(reply(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
