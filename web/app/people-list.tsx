import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { ParticipantInfo } from '../../src/protocol/messages.ts';
import type { Call } from './call.ts';
import { listWindow } from './list-window.ts';
import { Person } from './person.tsx';

export type Density = 'large' | 'small' | 'rows';

/** More people than this are drawn only where they are in sight. */
const ALL = 60;
/** Before anything has been measured. */
const FIRST_SIGHT = { columns: 1, rowPx: 60, topPx: 0, heightPx: 1200 };

interface PeopleListProps {
  readonly call: Call;
  readonly people: readonly ParticipantInfo[];
  readonly density: Density;
}

export function PeopleList({ call, people, density }: PeopleListProps) {
  const list = useRef<HTMLUListElement>(null);
  const sight = useSignal(FIRST_SIGHT);
  const isWindowed = people.length > ALL;
  useLayoutEffect(() => {
    if (isWindowed && list.current !== null) measure(list.current, sight);
  }, [isWindowed, people.length, density]);
  useEffect(() => {
    const element = list.current;
    const scroller = element?.closest('main');
    if (!isWindowed || !element || !scroller) return;
    const look = () => measure(element, sight);
    const observer = new ResizeObserver(look);
    observer.observe(scroller);
    scroller.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      scroller.removeEventListener('scroll', look);
    };
  }, [isWindowed]);
  const { first, end, abovePx, belowPx } = isWindowed
    ? listWindow({ count: people.length, ...sight.value }, sight.value)
    : { first: 0, end: people.length, abovePx: 0, belowPx: 0 };
  const selfId = call.client.participantId;
  return (
    <ul
      ref={list}
      class="list"
      data-testid="participants"
      style={{ paddingBlockStart: `${abovePx}px`, paddingBlockEnd: `${belowPx}px` }}
    >
      {people.slice(first, end).map((person, index) => (
        <Person
          key={person.id}
          call={call}
          person={person}
          isSelf={person.id === selfId}
          place={isWindowed ? { at: first + index + 1, of: people.length } : null}
        />
      ))}
    </ul>
  );
}

/** Where the list is in the scrolling part of the page, and how large its tiles are. */
function measure(list: HTMLUListElement, sight: { value: typeof FIRST_SIGHT }): void {
  const scroller = list.closest('main');
  const tile = list.querySelector('li');
  if (scroller === null || tile === null) return;
  const style = getComputedStyle(list);
  const columns = Math.max(1, style.gridTemplateColumns.split(' ').length);
  const rowPx = tile.offsetHeight + Number.parseFloat(style.rowGap || '0');
  const topPx = scroller.getBoundingClientRect().top - list.getBoundingClientRect().top;
  const heightPx = scroller.clientHeight;
  const before = sight.value;
  const isSame = before.columns === columns && before.rowPx === rowPx && before.heightPx === heightPx;
  if (!isSame || Math.abs(before.topPx - topPx) >= rowPx) sight.value = { columns, rowPx, topPx, heightPx };
}
