import { BodyReader, EARS_COS, EARS_SIN, EARS_X, FLOATS, MOUTH_X } from '../../src/mixer/space/body-table.ts';
import { type SpaceUpdate, spaceUpdateSchema } from '../../src/protocol/space.ts';
import { GUEST } from '../../src/rooms/admission.ts';
import type { RoomEvent } from '../../src/rooms/events.ts';
import { sit } from './fake-media-plane.ts';
import { openRegistry } from './open-registry.ts';

/** A room called `world`, in simulated time and without media, and what the mixer would see of its space. */
export function spaceRoom() {
  const { plane, registry, clock } = openRegistry();
  const room = registry.create({ name: 'world', locked: false });
  /** @param identity null: a guest */
  const join = (identity: string | null) => {
    const events: RoomEvent[] = [];
    const listener = { event: (...some: readonly RoomEvent[]) => void events.push(...some), ended: () => {} };
    const state = { muted: false, deafened: false };
    const admission = { ...GUEST, identity };
    const { participant } = registry.join({ room: 'world', name: 'Somebody', admission, state, listener });
    sit(participant, 'offer');
    return { participant, id: participant.id, seatId: participant.seat!.id, events };
  };
  const update = (input: unknown) => room.space.update(spaceUpdateSchema.parse(input) as SpaceUpdate);
  const read = () => {
    const reader = new BodyReader(plane.rooms[0]!.bodies.writer.memory);
    reader.refresh();
    return reader;
  };
  const pointAt = (seatId: number, offset: number): number[] | undefined => {
    const bodies = read();
    const slot = bodies.slotOf(seatId);
    if (slot === undefined) return undefined;
    return [...bodies.floats.subarray(slot * FLOATS + offset, slot * FLOATS + offset + 3)];
  };
  return {
    plane,
    registry,
    clock,
    room,
    join,
    update,
    read,
    /** Where the mouth of the body with this voice is, in the mixer's axes; undefined if there is none. */
    mouthOf: (seatId: number) => pointAt(seatId, MOUTH_X),
    /** The same for the ears. */
    earsOf: (seatId: number) => pointAt(seatId, EARS_X),
    /** In which direction the ears look, in degrees. */
    earsYawOf: (seatId: number) => {
      const bodies = read();
      const at = (bodies.slotOf(seatId) ?? 0) * FLOATS;
      return Math.round((Math.atan2(bodies.floats[at + EARS_SIN]!, bodies.floats[at + EARS_COS]!) * 180) / Math.PI);
    },
    /** What the mixer does with voices in space. */
    mode: () => read().mode,
  };
}
