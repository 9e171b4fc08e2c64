import { encode } from 'uqr';
import { strings } from '../language.ts';

/** In modules; readers need it (ISO/IEC 18004 section 6.3.8). */
const MARGIN = 4;
/** Up to this version the modules are large enough for a phone's camera. */
const MAX_VERSION = 20;

/** A link to scan with a phone. Dark on light in every theme, because many readers need that. */
export function QrPicture({ text }: { readonly text: string }) {
  const path = qrPath(text);
  if (path === null) return null;
  return (
    <svg
      class="qr"
      data-testid="qr"
      viewBox={`0 0 ${path.size} ${path.size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label={strings.invite.qr}
    >
      <rect width={path.size} height={path.size} fill="#fff" />
      <path d={path.dark} fill="#000" />
    </svg>
  );
}

/** The dark modules, in a square of `size` modules that contains the margin. Null if the text is too long. */
export function qrPath(text: string): { readonly size: number; readonly dark: string } | null {
  try {
    const { size, data } = encode(text, { ecc: 'M', border: MARGIN, maxVersion: MAX_VERSION });
    const dark = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
    return { size, dark };
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}
