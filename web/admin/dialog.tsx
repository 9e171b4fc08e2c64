import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Dialog as PlainDialog } from '../app/dialog.tsx';
import { strings } from './strings.ts';

interface DialogProps {
  readonly title: string;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly children?: ComponentChildren;
}

/** Asks for confirmation, and if needed for further input, before an action. */
export function Dialog({ title, confirm, isDangerous = false, onConfirm, onClose, children }: DialogProps) {
  const titleId = useId();
  return (
    <PlainDialog labelledBy={titleId} onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
          onClose();
        }}
      >
        <h2 id={titleId} dir="auto">
          {title}
        </h2>
        {children}
        <div class="actions">
          <button type="button" class="button" data-testid="cancel" onClick={onClose}>
            {strings.cancel}
          </button>
          <button
            type="submit"
            class={`button ${isDangerous ? 'button-danger' : 'button-primary'}`}
            data-testid="confirm"
          >
            {confirm}
          </button>
        </div>
      </form>
    </PlainDialog>
  );
}
