/** A part of a chat message. All of them are shown as text; nothing in a message is ever markup. */
export type ChatPart =
  | { readonly kind: 'text' | 'bold' | 'code'; readonly text: string }
  | {
      readonly kind: 'link';
      readonly text: string;
      readonly href: string;
      /** Where it really leads, if the text does not show that. */
      readonly host: string | null;
    };

/** `code`, **bold** and addresses. None of them crosses a line break, except bold text. */
const SPECIAL = /`(?<code>[^`\n]+)`|\*\*(?<bold>[^*]+)\*\*|(?<link>https?:\/\/\S+)/gi;
/** What usually belongs to the sentence and not to the address. */
const TRAILING = /[.,:;!?'")\]}>»”’]+$/;

export function partsOf(text: string): ChatPart[] {
  const parts: ChatPart[] = [];
  const addText = (plain: string) => {
    const last = parts.at(-1);
    if (plain === '') return;
    if (last?.kind === 'text') parts[parts.length - 1] = { kind: 'text', text: last.text + plain };
    else parts.push({ kind: 'text', text: plain });
  };
  let end = 0;
  for (const match of text.matchAll(SPECIAL)) {
    const { code, bold, link } = match.groups ?? {};
    addText(text.slice(end, match.index));
    end = match.index + match[0].length;
    if (code !== undefined) parts.push({ kind: 'code', text: code });
    else if (bold !== undefined) parts.push({ kind: 'bold', text: bold });
    else if (link !== undefined) {
      const address = link.replace(TRAILING, '');
      const part = linkTo(address);
      if (part === null) addText(link);
      else {
        parts.push(part);
        addText(link.slice(address.length));
      }
    }
  }
  addText(text.slice(end));
  return parts;
}

/** Null for what is no address, or hides where it leads. */
function linkTo(address: string): ChatPart | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
  // https://bank.example@evil.example leads to the second.
  if (!isWeb || url.username !== '' || url.password !== '') return null;
  // The host of a name in other scripts is its punycode (RFC 3492), so letters that look alike are told apart.
  const isShown = address.slice(address.indexOf('//') + 2).startsWith(url.host);
  return { kind: 'link', text: address, href: url.href, host: isShown ? null : url.host };
}
