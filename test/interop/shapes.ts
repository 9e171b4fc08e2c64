/** What clients offer, and what must come of it. */
import type { Change, Section, SectionDirection, SectionKind } from './stack.ts';

export interface Shape {
  /** Kinds of sections in their order. A direction other than `sendrecv` follows its kind. */
  readonly sections: string;
  /** Whether others in the room hear the client. */
  readonly isHeard: boolean;
  /** Whether the client hears others. If not, it is sent no packet. */
  readonly hears: boolean;
  /** For an offer that the server must refuse: the message. */
  readonly refusal?: RegExp;
}

const both = { isHeard: true, hears: true };

/** A further offer in which nothing is new, for stacks that cannot change anything. */
export const UNCHANGED: readonly Change[] = [{ direction: 'sendrecv', iceRestart: false }];

/** Further offers on one connection that is `sendrecv`, in this order. */
export const NEW_DIRECTIONS: readonly Change[] = (['sendrecv', 'recvonly', 'sendonly', 'sendrecv'] as const).map(
  (direction) => ({ direction, iceRestart: false }),
);

/** For stacks that can restart ICE, alone and together with a new direction. */
export const RESTARTS: readonly Change[] = (['sendrecv', 'recvonly', 'sendrecv', 'sendrecv'] as const).map(
  (direction) => ({ direction, iceRestart: true }),
);

/** The same for every stack and every bundle policy, except where a stack replaces some. */
export const SHAPES: readonly Shape[] = [
  { sections: 'audio', ...both },
  { sections: 'audio video', ...both },
  { sections: 'video audio', ...both },
  { sections: 'audio data', ...both },
  { sections: 'video audio data', ...both },
  { sections: 'audio audio', ...both },
  { sections: 'audio:inactive audio', ...both },
  { sections: 'audio:recvonly audio:sendonly', ...both },
  { sections: 'audio:sendonly audio:recvonly', ...both },
  { sections: 'audio:sendonly', isHeard: true, hears: false },
  { sections: 'audio:recvonly', isHeard: false, hears: true },
  { sections: 'video audio:sendonly', isHeard: true, hears: false },
  { sections: 'video audio:recvonly data', isHeard: false, hears: true },
  { sections: 'audio:inactive', isHeard: false, hears: false },
];

/** The shapes with one section, for connections without a bundle: the server has one transport, so it refuses all further sections. */
export function withOneSection(shapes: readonly Shape[]): readonly Shape[] {
  return shapes.filter(({ sections }) => !sections.includes(' '));
}

/** The shapes with other rows in place of those with the same sections. */
export function shapesWith(...others: readonly Shape[]): readonly Shape[] {
  const replaced = new Map(others.map((shape) => [shape.sections, shape]));
  const rows = SHAPES.map((shape) => replaced.get(shape.sections) ?? shape);
  return [...rows, ...others.filter(({ sections }) => !SHAPES.some((shape) => shape.sections === sections))];
}

export function readSections(text: string): Section[] {
  return text.split(' ').map((section) => {
    const [kind, direction = 'sendrecv'] = section.split(':');
    return { kind: kind as SectionKind, direction: direction as SectionDirection };
  });
}
