import { useEffect, useRef } from 'preact/hooks';
import { type MicrophoneInput, SILENCE_DBFS } from './microphone-input.ts';
import { strings } from './strings.ts';

/** The level of the person's own microphone. Written directly to the element, because it changes with every frame. */
export function LevelMeter({ microphone, isMuted }: { microphone: MicrophoneInput; isMuted: boolean }) {
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = 0;
    let frame = requestAnimationFrame(function draw() {
      const level = Math.min(1, Math.max(0, 1 - microphone.levelDbfs() / SILENCE_DBFS));
      // Rises at once and falls slowly, like the needle of a meter.
      shown = Math.max(level, shown - 0.02);
      meter.current?.style.setProperty('--level', shown.toFixed(3));
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
    </div>
  );
}
