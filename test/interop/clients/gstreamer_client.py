"""Connections with GStreamer's webrtcbin; test/interop/stack.ts describes the requests and replies."""
import base64
import json
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

# PyGObject registers a type when it is first used. Two threads that do so at the same time fail.
REGISTERED = (
    Gst.BusSyncReply,
    Gst.FlowReturn,
    Gst.MessageType,
    Gst.PadDirection,
    Gst.PadProbeReturn,
    Gst.PadProbeType,
    Gst.State,
    Gst.StateChangeReturn,
    GstSdp.SDPMessage,
    GstSdp.SDPResult,
    GstWebRTC.WebRTCPeerConnectionState,
    GstWebRTC.WebRTCSDPType,
    GstWebRTC.WebRTCSessionDescription,
)

Gst.init(None)

AUDIO_CAPS = "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload={}"
VIDEO_CAPS = "application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload={}"
AUDIO = (
    "audiotestsrc is-live=true wave=sine volume=0.25 freq={frequency} samplesperbuffer=960"
    " ! audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay pt={payload_type} ! queue"
)
VIDEO = (
    "videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=5/1"
    " ! vp8enc deadline=1 ! rtpvp8pay pt={payload_type} ! queue"
)
# For a further offer, webrtcbin asks what is behind it which payloads it takes. If that is a choice, as with rtpopusdepay
# alone, the offer fails with "Could not reuse transceiver".
SOUND = (
    "queue ! application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload={payload_type} ! rtpopusdepay ! opusdec ! audioconvert ! audioresample"
    " ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! appsink name=sink sync=false"
)


class Connection:
    def __init__(self, sections, bundle_policy, frequency_hz):
        self.packets = 0
        self.recording = None
        self.problem = None
        self.pipeline = Gst.Pipeline.new(None)
        self.webrtc = Gst.ElementFactory.make("webrtcbin")
        Gst.util_set_object_arg(self.webrtc, "bundle-policy", bundle_policy)
        self.webrtc.connect("pad-added", self.hear)
        self.webrtc.connect("notify::connection-state", self.check_state)
        self.webrtc.connect("deep-element-added", self.count_packets)
        self.pipeline.add(self.webrtc)
        self.pipeline.get_bus().set_sync_handler(self.check_message)
        self.pipeline.set_state(Gst.State.READY)
        for index, section in enumerate(sections):
            self.add(index, section["kind"], section["direction"], frequency_hz)

    def add(self, index, kind, direction, frequency_hz):
        if kind == "data":
            self.webrtc.emit("create-data-channel", "data", None)
            return
        payload_type = 96 + index
        caps = Gst.Caps.from_string(
            (AUDIO_CAPS if kind == "audio" else VIDEO_CAPS).format(payload_type)
        )
        transceiver_direction = getattr(
            GstWebRTC.WebRTCRTPTransceiverDirection, direction.upper()
        )
        if direction not in ("sendrecv", "sendonly"):
            self.webrtc.emit("add-transceiver", transceiver_direction, caps)
            return
        source = Gst.parse_bin_from_description(
            (AUDIO if kind == "audio" else VIDEO).format(
                frequency=frequency_hz, payload_type=payload_type
            ),
            True,
        )
        self.pipeline.add(source)
        pad = self.webrtc.request_pad(
            self.webrtc.get_pad_template("sink_%u"), f"sink_{index}", caps
        )
        pad.get_property("transceiver").set_property("direction", transceiver_direction)
        source.get_static_pad("src").link(pad)

    def count_packets(self, _webrtc, _bin, element):
        if element.get_factory() is not None and element.get_factory().get_name() == "nicesrc":
            element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.count_packet)

    def count_packet(self, _pad, info):
        header = info.get_buffer().extract_dup(0, 2)
        is_rtcp = 192 <= header[1] <= 223
        if 128 <= header[0] <= 191 and not is_rtcp:
            self.packets += 1
        return Gst.PadProbeReturn.OK

    def hear(self, _webrtc, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        _, payload_type = pad.get_current_caps().get_structure(0).get_int("payload")
        sound = Gst.parse_bin_from_description(
            SOUND.format(payload_type=payload_type), True
        )
        sink = sound.get_by_name("sink")
        sink.set_property("emit-signals", True)
        sink.connect("new-sample", self.record)
        self.pipeline.add(sound)
        sound.sync_state_with_parent()
        pad.link(sound.get_static_pad("sink"))

    def record(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        recording = self.recording
        if recording is not None:
            recording.extend(buffer.extract_dup(0, buffer.get_size()))
        return Gst.FlowReturn.OK

    def check_state(self, webrtc, _property):
        state = webrtc.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            self.problem = "the connection has failed"

    def check_message(self, _bus, message):
        if message.type == Gst.MessageType.ERROR:
            error, details = message.parse_error()
            self.problem = f"{error.message} ({details})"
        return Gst.BusSyncReply.DROP

    def offer(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        # The reply owns the offer, so it is kept until the offer is set.
        reply = ask(self.webrtc, "create-offer", None)
        ask(self.webrtc, "set-local-description", reply.get_value("offer"))
        # Without candidates: an ICE-lite server does not need them.
        return self.webrtc.get_property("local-description").sdp.as_text()

    def offer_again(self, direction):
        transceiver = self.webrtc.emit("get-transceiver", 0)
        transceiver.set_property(
            "direction",
            getattr(GstWebRTC.WebRTCRTPTransceiverDirection, direction.upper()),
        )
        reply = ask(self.webrtc, "create-offer", None)
        ask(self.webrtc, "set-local-description", reply.get_value("offer"))
        return self.webrtc.get_property("local-description").sdp.as_text()

    def accept(self, answer):
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        ask(self.webrtc, "set-remote-description", description)
        # Does not wait for connection-state, which also depends on refused and inactive sections.
        self.check()

    def listen(self, ms):
        self.recording = bytearray()
        time.sleep(ms / 1000)
        self.check()
        return {"packets": self.packets, "pcm": base64.b64encode(bytes(self.recording)).decode()}

    def check(self):
        if self.problem is not None:
            raise RuntimeError(self.problem)

    def hang_up(self):
        self.pipeline.set_state(Gst.State.NULL)


def ask(webrtc, signal, argument):
    """Emits a signal that takes a promise. Raises the error that webrtcbin reports."""
    promise = Gst.Promise.new()
    webrtc.emit(signal, argument, promise)
    promise.wait()
    reply = promise.get_reply()
    if reply is not None and reply.has_field("error"):
        raise RuntimeError(f"{signal}: {reply.get_value('error').message}")
    return reply


connections = {}


def answer_request(request):
    name = request["connection"]
    if request["method"] == "offer":
        connections[name] = Connection(
            request["sections"], request["bundlePolicy"], request["frequencyHz"]
        )
        return connections[name].offer()
    if request["method"] == "offerAgain":
        return connections[name].offer_again(request["direction"])
    if request["method"] == "accept":
        return connections[name].accept(request["answer"])
    if request["method"] == "listen":
        return connections[name].listen(request["ms"])
    if name in connections:
        connections.pop(name).hang_up()
    return None


output = threading.Lock()


def reply_to(request):
    try:
        message = {"id": request["id"], "result": answer_request(request)}
    except Exception as error:  # The test reports the error.
        message = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
    with output:
        print(json.dumps(message), flush=True)


for line in sys.stdin:
    threading.Thread(target=reply_to, args=(json.loads(line),), daemon=True).start()
