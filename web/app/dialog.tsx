import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface DialogProps {
  /** The id of the heading inside. */
  readonly labelledBy: string;
  readonly class?: string;
  readonly testId?: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/**
 * A modal dialog, open as long as it is rendered. When it goes, the focus returns to what had it before. If that is gone
 * as well, it goes to the heading of the page, so that the keyboard never starts again from the top.
 */
export function Dialog({ labelledBy, class: style = '', testId, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isGone = useRef(false);
  useEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      isGone.current = true;
      element?.close();
      // What the dialog did may remove its opener in the same moment, for instance with a person.
      queueMicrotask(() => {
        if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) opener.focus();
        else focusHeading();
      });
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes every dialog.
    <dialog
      ref={dialog}
      class={`settings card ${style}`}
      aria-labelledby={labelledBy}
      data-testid={testId}
      onClose={() => {
        if (!isGone.current) onClose();
      }}
      onClick={(event) => {
        // A click beside the dialog hits the element itself.
        if (event.target === event.currentTarget) onClose();
      }}
    >
      {children}
    </dialog>
  );
}

export function focusHeading(): void {
  document.querySelector<HTMLElement>('h1[tabindex]')?.focus();
}
