import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * Keys in a toolbar (WAI-ARIA Authoring Practices): one stop for Tab, arrows from button to button, Home and End. Runs
 * after every drawing, because buttons come and go.
 */
export function useToolbarKeys(toolbar: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = toolbar.current;
    if (element === null) return;
    const buttons = () => [...element.querySelectorAll<HTMLButtonElement>('button:not(:disabled)')];
    const setStop = (stop: HTMLButtonElement | undefined) => {
      for (const button of element.querySelectorAll('button')) button.tabIndex = button === stop ? 0 : -1;
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const all = buttons();
      const at = all.indexOf(document.activeElement as HTMLButtonElement);
      if (at < 0) return;
      const direction = getComputedStyle(element).direction === 'rtl' ? -1 : 1;
      const step = STEPS[event.key];
      const to =
        step !== undefined
          ? all.at((at + step * direction) % all.length)
          : { Home: all[0], End: all.at(-1) }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      to.focus();
    };
    const onFocus = (event: FocusEvent) => setStop(event.target as HTMLButtonElement);
    const all = buttons();
    setStop(
      all.find((button) => button === document.activeElement) ?? all.find(({ tabIndex }) => tabIndex === 0) ?? all[0],
    );
    element.addEventListener('keydown', onKeyDown);
    element.addEventListener('focusin', onFocus);
    return () => {
      element.removeEventListener('keydown', onKeyDown);
      element.removeEventListener('focusin', onFocus);
    };
  });
}
