import { useEffect, useRef } from 'preact/hooks';
import { strings } from './language.ts';
import { type MicrophoneInput, SILENCE_DBFS } from './microphone-input.ts';

/** The level of the person's own microphone. Written directly to the element, because it changes with every frame. */
export function LevelMeter({ microphone, isMuted }: { microphone: MicrophoneInput; isMuted: boolean }) {
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = 0;
    let frame = requestAnimationFrame(function draw() {
      const level = partOfMeter(microphone.levelDbfs());
      const threshold = microphone.voice.gate.value?.thresholdDbfs;
      // Rises at once and falls slowly, like the needle of a meter.
      shown = Math.max(level, shown - 0.02);
      meter.current?.style.setProperty('--level', shown.toFixed(3));
      if (threshold !== undefined) meter.current?.style.setProperty('--threshold', partOfMeter(threshold).toFixed(3));
      meter.current?.setAttribute('aria-valuenow', String(Math.round(shown * 100)));
      frame = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(frame);
  }, [microphone]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in their own way, in steps of colour.
    <div
      ref={meter}
      class="meter"
      role="meter"
      aria-label={strings.microphone.level}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
      data-testid="level-meter"
      data-muted={isMuted}
    >
      <span class="meter-fill" />
      {microphone.voice.gate.value !== null && <span class="meter-mark" />}
    </div>
  );
}

/** From 0 for silence to 1 for full scale. */
function partOfMeter(levelDbfs: number): number {
  return Math.min(1, Math.max(0, 1 - levelDbfs / SILENCE_DBFS));
}
