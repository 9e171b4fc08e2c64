import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Call } from './call.ts';
import { Everyone } from './everyone.ts';
import { lateStrings } from './late-strings.ts';
import { PeopleList } from './people-list.tsx';

const texts = lateStrings.everyone;

interface EveryoneListProps {
  readonly call: Call;
  /** How many people are in the room. */
  readonly count: number;
  readonly search: string;
}

/** In a large room: those who are not in the list, once somebody searches or wants to see them. */
export function EveryoneList({ call, count, search }: EveryoneListProps) {
  const everyone = useMemo(() => new Everyone(call.client, call.found), []);
  const end = useRef<HTMLDivElement>(null);
  const isSearching = search.trim() !== '';
  const listed = call.participants.value;
  const others = everyone.found.value.filter(({ id }) => !listed.has(id));
  const isOpen = isSearching || everyone.isLoading.value || others.length > 0;
  useEffect(() => {
    if (isSearching) everyone.search(search);
    else everyone.clear();
  }, [search]);
  useEffect(() => () => everyone.clear(), []);
  useEffect(() => {
    const element = end.current;
    if (element === null) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) everyone.more();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [everyone.found.value]);
  return (
    <div class="everyone" data-testid="everyone">
      <p class="quiet centered" role="status">
        {everyone.hasFailed.value ? texts.failed : isOpen ? '' : texts.more(count - listed.size)}
      </p>
      {!isOpen && (
        <p class="centered">
          <button type="button" data-testid="show-everyone" onClick={() => everyone.search('', false)}>
            {texts.show}
          </button>
        </p>
      )}
      {others.length > 0 && (
        <>
          <h3 class="quiet">{texts.heading}</h3>
          <PeopleList call={call} people={others} density="rows" />
        </>
      )}
      <div ref={end} />
    </div>
  );
}
