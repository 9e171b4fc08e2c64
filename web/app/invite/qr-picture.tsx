import { strings } from '../language.ts';
import { qrCode } from './qr-code.ts';

const MARGIN = 4;

/** A link to scan with a phone. Dark on light in every theme, because many readers need that. */
export function QrPicture({ text }: { readonly text: string }) {
  const code = qrCode(text);
  if (code === null) return null;
  const size = code.length + 2 * MARGIN;
  const path = code.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : '')));
  return (
    <svg
      class="qr"
      data-testid="qr"
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label={strings.invite.qr}
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path.join('')} fill="#000" />
    </svg>
  );
}
