/** The texts of the page at `/listen/ROOM`, in the languages of the page of the rooms. Drafts, as those. */

export interface Texts {
  readonly listen: string;
  readonly stop: string;
  readonly connecting: string;
  readonly live: string;
  readonly waiting: string;
  readonly off: string;
  readonly forbidden: string;
  readonly unsupported: string;
  readonly file: string;
}

const en: Texts = {
  listen: 'Listen',
  stop: 'Stop',
  connecting: 'Connecting…',
  live: 'Live',
  waiting: 'Nobody is in the room yet. The sound starts by itself.',
  off: 'Nobody can listen to this room here.',
  forbidden: 'To listen to this room you need a link with permission.',
  unsupported: 'This browser cannot play it here. The link below works in many players.',
  file: 'Address for other players',
};

/** By the beginning of a language tag (RFC 5646), in lower case. */
export const TEXTS: Readonly<Record<string, Texts>> = {
  en,
  de: {
    listen: 'Zuhören',
    stop: 'Stopp',
    connecting: 'Verbindung wird aufgebaut …',
    live: 'Live',
    waiting: 'Noch ist niemand im Raum. Der Ton beginnt von selbst.',
    off: 'Diesem Raum kann man hier nicht zuhören.',
    forbidden: 'Um diesem Raum zuzuhören, brauchst du einen Link mit Erlaubnis.',
    unsupported: 'Dieser Browser kann es hier nicht abspielen. Der Link unten geht in vielen Programmen.',
    file: 'Adresse für andere Programme',
  },
  es: {
    listen: 'Escuchar',
    stop: 'Parar',
    connecting: 'Conectando…',
    live: 'En directo',
    waiting: 'Todavía no hay nadie en la sala. El sonido empezará solo.',
    off: 'Aquí no se puede escuchar esta sala.',
    forbidden: 'Para escuchar esta sala necesitas un enlace con permiso.',
    unsupported: 'Este navegador no puede reproducirlo aquí. El enlace de abajo funciona en muchos reproductores.',
    file: 'Dirección para otros reproductores',
  },
  fr: {
    listen: 'Écouter',
    stop: 'Arrêter',
    connecting: 'Connexion…',
    live: 'En direct',
    waiting: 'Il n’y a encore personne dans le salon. Le son commencera tout seul.',
    off: 'On ne peut pas écouter ce salon ici.',
    forbidden: 'Pour écouter ce salon, il faut un lien avec autorisation.',
    unsupported: 'Ce navigateur ne peut pas le lire ici. Le lien ci-dessous marche dans de nombreux lecteurs.',
    file: 'Adresse pour d’autres lecteurs',
  },
  pt: {
    listen: 'Ouvir',
    stop: 'Parar',
    connecting: 'Conectando…',
    live: 'Ao vivo',
    waiting: 'Ainda não há ninguém na sala. O som começa sozinho.',
    off: 'Não é possível ouvir esta sala aqui.',
    forbidden: 'Para ouvir esta sala, você precisa de um link com permissão.',
    unsupported: 'Este navegador não consegue tocar aqui. O link abaixo funciona em muitos players.',
    file: 'Endereço para outros players',
  },
  ko: {
    listen: '듣기',
    stop: '중지',
    connecting: '연결 중…',
    live: '생방송',
    waiting: '아직 방에 아무도 없습니다. 소리는 저절로 시작됩니다.',
    off: '여기서는 이 방을 들을 수 없습니다.',
    forbidden: '이 방을 들으려면 권한이 있는 링크가 필요합니다.',
    unsupported: '이 브라우저에서는 재생할 수 없습니다. 아래 링크는 여러 플레이어에서 작동합니다.',
    file: '다른 플레이어용 주소',
  },
  ja: {
    listen: '聴く',
    stop: '停止',
    connecting: '接続しています…',
    live: 'ライブ',
    waiting: 'まだ誰もルームにいません。音声は自動的に始まります。',
    off: 'このルームはここでは聴けません。',
    forbidden: 'このルームを聴くには、許可のあるリンクが必要です。',
    unsupported: 'このブラウザーではここで再生できません。下のリンクは多くのプレーヤーで使えます。',
    file: '他のプレーヤー用のアドレス',
  },
  zh: {
    listen: '收听',
    stop: '停止',
    connecting: '正在连接…',
    live: '直播',
    waiting: '房间里还没有人。声音会自动开始。',
    off: '无法在此收听这个房间。',
    forbidden: '要收听这个房间,你需要带有权限的链接。',
    unsupported: '此浏览器无法在这里播放。下面的链接适用于许多播放器。',
    file: '用于其他播放器的地址',
  },
  ar: {
    listen: 'استماع',
    stop: 'إيقاف',
    connecting: 'جارٍ الاتصال…',
    live: 'مباشر',
    waiting: 'لا يوجد أحد في الغرفة بعد. سيبدأ الصوت تلقائيًا.',
    off: 'لا يمكن الاستماع إلى هذه الغرفة هنا.',
    forbidden: 'للاستماع إلى هذه الغرفة تحتاج إلى رابط يحمل إذنًا.',
    unsupported: 'لا يستطيع هذا المتصفح تشغيله هنا. يعمل الرابط أدناه في كثير من المشغلات.',
    file: 'عنوان لمشغلات أخرى',
  },
};

/** The texts in the first of these languages that there is, and its tag. */
export function textsFor(languages: readonly string[]): readonly [tag: string, texts: Texts] {
  for (const language of languages) {
    const [tag = ''] = language.toLowerCase().split('-');
    const texts = TEXTS[tag];
    if (texts !== undefined) return [tag, texts];
  }
  return ['en', en];
}
