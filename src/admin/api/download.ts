import type { Context } from 'koa';
import { AppError } from '../../lib/errors.ts';
import type { Download } from '../../protocol/api/download.ts';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Sends a file, or the part of it that is asked for (RFC 9110 section 14). Throws `range_not_satisfiable`. */
export function answerDownload(context: Context, download: Download): void {
  const { size, takesRanges } = download;
  context.attachment(download.name);
  context.type = download.contentType;
  if (takesRanges) context.set('Accept-Ranges', 'bytes');
  const whole: Range = { from: 0, to: (size ?? 0) - 1 };
  const range = takesRanges && size !== undefined ? rangeOf(context, size) : undefined;
  const { from, to } = range ?? whole;
  if (range !== undefined) {
    context.status = 206;
    context.set('Content-Range', `bytes ${from}-${to}/${size}`);
  } else {
    context.status = 200;
  }
  if (context.method !== 'HEAD') context.body = download.open(from, to);
  if (size !== undefined) context.length = to - from + 1;
}

/** Undefined if everything is asked for. Several ranges at once are answered with everything. */
function rangeOf(context: Context, size: number): Range | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(context.get('Range')) ?? [];
  if (first === '' && last === '') return undefined;
  const range =
    first === ''
      ? { from: Math.max(0, size - Number(last)), to: size - 1 }
      : { from: Number(first), to: Math.min(size - 1, last === '' ? size - 1 : Number(last)) };
  if (range.from <= range.to) return range;
  context.set('Content-Range', `bytes */${size}`);
  throw new AppError('range_not_satisfiable');
}
