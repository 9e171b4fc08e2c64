import { setTimeout as sleep } from 'node:timers/promises';
import { type Certificate, createCertificate } from './media-transport.ts';
import type { DriverCommand, JoinReport, LoadReport } from './messages.ts';
import { Pacer } from './pacer.ts';
import { LightParticipant } from './participant.ts';
import { type Programme, silenceProgramme, speechProgramme } from './programme.ts';

const SPEECH_SECONDS = 20;

interface Sounds {
  readonly silence: Programme;
  readonly speech: readonly Programme[];
}

/** All participants of one process, room by room. */
export class Load {
  readonly #rooms = new Map<string, LightParticipant[]>();
  readonly #pacer = new Pacer();
  readonly #pacing = new Map<LightParticipant, () => void>();
  readonly #sounds = new Map<boolean, Sounds>();
  #certificate: Certificate | undefined;
  #joined = 0;
  #resetAtMs = performance.now();
  #cpuAtReset = process.cpuUsage();

  async prepare({ voices, dtx }: Omit<Extract<DriverCommand, { type: 'prepare' }>, 'type'>): Promise<undefined> {
    this.#certificate ??= await createCertificate();
    const indices = Array.from({ length: voices }, (_, index) => index);
    for (const used of dtx === 'always' ? [true] : [true, false]) {
      const speech = await Promise.all(indices.map((voice) => speechProgramme(voice, SPEECH_SECONDS, used)));
      this.#sounds.set(used, { silence: silenceProgramme(used), speech });
    }
  }

  /** A handshake costs each side about 15 ms, so joins start at `perSecond` instead of all at once. */
  async join(options: Omit<Extract<DriverCommand, { type: 'join' }>, 'type'>): Promise<JoinReport> {
    const { server, url, room, count, perSecond, stereo = false } = options;
    this.#certificate ??= await createCertificate();
    const certificate = this.#certificate;
    const members = this.#rooms.get(room) ?? [];
    this.#rooms.set(room, members);
    const beginMs = performance.now();
    const joins = Array.from({ length: count }, async (_, index) => {
      await sleep((index * 1000) / perSecond);
      const startMs = performance.now();
      const participant = await LightParticipant.join({
        server,
        url,
        room,
        name: `${room} ${beginMs + index}`.slice(0, 64),
        certificate,
        stereo,
        loop: this.#pacer.loop,
      });
      const joinMs = performance.now() - startMs;
      const phase = this.#joined++;
      participant.say(this.#soundsFor(participant).silence, phase * 7);
      this.#pacing.set(
        participant,
        this.#pacer.add(phase, () => participant.sendNext()),
      );
      members.push(participant);
      return joinMs;
    });
    // Wait for all of them before reporting a failure, so that nobody joins after `leave`.
    await Promise.allSettled(joins);
    return { joinMs: await Promise.all(joins) };
  }

  talk(room: string, count: number): undefined {
    this.#rooms.get(room)?.forEach((participant, index) => {
      const { silence, speech } = this.#soundsFor(participant);
      if (index >= count) participant.say(silence, index * 7);
      // A voice that is used again starts at another place in its text.
      else participant.say(speech[index % speech.length] ?? silence, index * 37);
    });
  }

  firstSounds(room: string): readonly (number | null)[] {
    return this.#rooms.get(room)?.map(({ firstSoundMs }) => firstSoundMs) ?? [];
  }

  act({ room, index, action }: Omit<Extract<DriverCommand, { type: 'act' }>, 'type'>): undefined {
    const members = this.#rooms.get(room);
    const participant = members?.[index];
    if (members === undefined || participant === undefined) throw new Error(`room ${room} has no participant ${index}`);
    const { silence, speech } = this.#soundsFor(participant);
    switch (action) {
      case 'speak':
        participant.say(speech[index % speech.length] ?? silence, index * 37);
        return;
      case 'fall-silent':
        participant.say(silence, index * 7);
        return;
      case 'mute':
      case 'unmute':
        participant.setMuted(action === 'mute');
        return;
      case 'leave':
        members.splice(index, 1);
        this.#leave(participant);
    }
  }

  reset(): undefined {
    const nowMs = performance.now();
    for (const participant of this.#participants()) participant.received.reset(nowMs);
    this.#pacer.loop.reset();
    this.#resetAtMs = nowMs;
    this.#cpuAtReset = process.cpuUsage();
  }

  report(): LoadReport {
    const { user, system } = process.cpuUsage(this.#cpuAtReset);
    const nowMs = performance.now();
    return {
      seconds: (nowMs - this.#resetAtMs) / 1000,
      cpuSeconds: (user + system) / 1e6,
      longestPauseMs: this.#pacer.loop.longestPauseMs,
      participants: this.#participants().map((participant) => participant.received.report(nowMs)),
    };
  }

  leave(): undefined {
    for (const participant of this.#participants()) this.#leave(participant);
    this.#rooms.clear();
    this.#pacer.close();
  }

  #leave(participant: LightParticipant): void {
    this.#pacing.get(participant)?.();
    this.#pacing.delete(participant);
    participant.close();
  }

  #soundsFor({ dtx }: LightParticipant): Sounds {
    return this.#sounds.get(dtx) ?? this.#sounds.get(true) ?? { silence: [], speech: [] };
  }

  #participants(): LightParticipant[] {
    return [...this.#rooms.values()].flat();
  }
}
