import type { HoldBinding } from '../sdk/push-to-talk.ts';
import { strings } from './language.ts';
import { keyName } from './shortcuts.ts';

const texts = strings.talk;

/** The key or button as people call it. */
export function bindingName(binding: HoldBinding): string {
  if (binding.kind === 'key') return keyName(binding.code);
  return binding.kind === 'mouse' ? texts.mouse(binding.button + 1) : texts.gamepad(binding.button);
}
