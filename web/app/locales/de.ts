// draft: no native speaker has reviewed it.
import type { Table } from './en.ts';
import { grammarOf } from './grammar.ts';

const { list, percent, plural } = grammarOf('de');

const NOT_RECORDED = 'Der Raum kann gerade nicht aufgezeichnet werden.';
const NO_UNDERSTANDING = 'Diese Seite und der Server verstehen sich nicht. Lade die Seite neu.';
const TOO_MUCH = 'Das war zu viel auf einmal. Warte einen Moment.';
const NO_FORMAT =
  'Dein Browser und der Server finden kein gemeinsames Audioformat. Probiere eine aktuelle Version von Chromium, Firefox oder Safari.';

export const table = {
  product: 'Partyline',
  tagline: 'Alle im Raum, eine klare Leitung.',
  roomTitle: (room) => `${room} · Partyline`,
  separator: ', ',

  language: {
    title: 'Sprache',
    asBrowser: 'Wie im Browser',
    draft: (name) => `${name} (Entwurf)`,
  },

  join: {
    heading: 'Einem Raum beitreten',
    name: 'Dein Name',
    namePlaceholder: 'Mia',
    nameMissing: 'Gib deinen Namen ein, damit die anderen wissen, wer du bist.',
    room: 'Raum',
    roomHint: 'Ein beliebiger Name. Wer denselben eingibt, ist im selben Raum.',
    roomInvalid:
      'Ein Raumname besteht aus 1 bis 64 Buchstaben oder Ziffern beliebiger Schrift, Leerzeichen, „-“, „_“, „.“ oder „/“.',
    useInstead: (room) => `„${room}“ verwenden`,
    mode: 'Beitreten mit',
    modes: { open: 'Mikrofon', muted: 'Stumm', listen: 'Nur zuhören' },
    modeHints: {
      open: 'Dein Browser fragt nach dem Mikrofon, sobald du im Raum bist.',
      muted: 'Das Mikrofon ist bereit, aber niemand hört dich, bis du die Stummschaltung aufhebst.',
      listen: 'Kein Mikrofon wird benutzt. Du kannst später eines hinzufügen.',
    },
    password: 'Passwort des Raums',
    tokenRoom: 'Dein Link führt in diesen Raum.',
    tokenListens: 'Mit deinem Link kannst du zuhören, aber nicht sprechen.',
    submit: 'Beitreten',
    joining: 'Beitritt läuft…',
    cancel: 'Abbrechen',
    tokenDamaged: 'Dein Link ist beschädigt. Vielleicht wurde er nicht ganz kopiert. Bitte um einen neuen.',
  },

  check: {
    open: 'Mikrofon und Lautsprecher testen',
  },

  microphone: {
    title: 'Du hast kein Mikrofon und kannst daher nur zuhören',
    asking: 'Warten auf das Mikrofon. Bitte beantworte die Frage deines Browsers. Zuhören kannst du schon.',
    retry: 'Neu versuchen',
    listenInstead: 'Nur zuhören',
    failures: {
      denied:
        'Der Browser darf das Mikrofon nicht benutzen. Erlaube es über das Symbol neben der Adresse oder in den Datenschutzeinstellungen deines Systems und versuche es noch einmal.',
      none: 'Es wurde kein Mikrofon gefunden. Schließe eines an und versuche es noch einmal.',
      in_use:
        'Das Mikrofon lässt sich nicht öffnen. Vielleicht benutzt es ein anderes Programm. Schließe das Programm und versuche es noch einmal.',
      insecure_origin:
        'Browser erlauben das Mikrofon nur auf Seiten mit https:// und auf localhost. Öffne diese Seite unter einer solchen Adresse.',
      unsupported:
        'Dieser Browser kann hier kein Mikrofon benutzen. Verwende eine aktuelle Version von Chromium, Firefox oder Safari.',
      overconstrained: 'Dieses Mikrofon unterstützt die gewünschten Einstellungen nicht. Wähle ein anderes.',
      other: 'Das Mikrofon konnte nicht geöffnet werden.',
    },
    lost: 'Dein Mikrofon ist nicht mehr verbunden. Niemand hört dich, bis du eines hinzufügst.',
    replaced: (label) =>
      `Dein Mikrofon ist nicht mehr verbunden. Jetzt in Gebrauch: ${label || 'das Standardmikrofon'}.`,
    add: 'Mikrofon benutzen',
    mutedByModerator: 'Die Moderation hat dich stummgeschaltet. Niemand hört dich, bis sie dich wieder sprechen lässt.',
    mayUnmute: 'Die Moderation lässt dich wieder sprechen. Du bist noch stummgeschaltet.',
    listensOnly: 'Mit deinem Link kannst du hier zuhören, aber nicht sprechen.',
    mutedButTalking: 'Du sprichst, bist aber stummgeschaltet.',
    level: 'Mikrofonpegel',
  },

  room: {
    people: 'In diesem Raum',
    count: (people) => (people === 1 ? 'Nur du' : plural(people, { one: '# Person', other: '# Personen' })),
    listeners: (listeners) => `Zuhörende: ${listeners}`,
    alone: 'Noch ist niemand sonst hier. Schick den anderen den Link.',
    aloneWithToken:
      'Noch ist niemand sonst hier. Alle brauchen einen eigenen Link von denen, die diesen Server betreiben.',
    search: 'Person suchen',
    nobodyFound: 'Hier hat niemand einen solchen Namen.',
    talkingNow: 'Spricht gerade',
    nobodyTalks: 'Niemand spricht.',
    sameName: (number) => `Eine weitere Person mit diesem Namen, Nummer ${number}`,
    you: 'du',
    speaking: 'spricht',
    muted: 'stumm',
    mutedByModerator: 'von der Moderation stummgeschaltet',
    listens: 'hört zu',
    noMicrophone: 'kein Mikrofon',
    moderates: 'Moderation',
    deafened: 'Ton aus',
    deafenedWhy: 'Dein Ton ist aus: Du hörst niemanden, und niemand hört dich.',
    undeafen: 'Ton wieder an',
    captured: 'wird aufgezeichnet',
    viaProgram: 'von einem Programm gesendet',
    viaMumble: 'mit Mumble',
    capturedWhy: (names) =>
      `Zur Fehlersuche zeichnet der Betreiber dieses Servers auf, was hier gesagt und gehört wird. Es betrifft ${list(names)} und alle, die hier sprechen.`,
    connecting: 'verbindet sich',
    copyLink: 'Link kopieren',
    linkCopied: 'Link kopiert',
    linkNeedsPassword: 'Link kopiert. Gib auch das Passwort des Raums weiter.',
    copyYourself: 'Dein Browser lässt diese Seite nicht kopieren. Kopiere den Link selbst:',
    controls: 'Deine Bedienelemente',
    mute: 'Stumm',
    deafen: 'Ton aus',
    settings: 'Einstellungen',
    leave: 'Verlassen',
    keyHint: (label, key) => `${label} (Taste ${key})`,
    back: 'Du bist wieder im Raum.',
    joined: (name) => `${name} ist jetzt da`,
    left: (name) => `${name} ist gegangen`,
    kicked: (name) => `${name} wurde entfernt`,
    moved: (room) => `Du wurdest in den Raum ${room} verschoben.`,
    draining: 'Der Server wird bald neu gestartet. Ihr könnt weitersprechen, aber niemand kann mehr beitreten.',
    unlock: 'Ton einschalten',
    unlockWhy: 'Dein Browser blockiert den Ton, bis du klickst.',
  },

  leaving: {
    title: (room) => `${room} verlassen?`,
    stay: 'Bleiben',
    leave: 'Verlassen',
  },

  talk: {
    title: 'Sprechen',
    modes: {
      open: 'Offenes Mikrofon',
      voice: 'Wenn du sprichst',
      push: 'Sprechtaste',
      mute: 'Stummtaste',
    },
    hints: {
      open: 'Alle hören dich, solange du nicht stummgeschaltet bist.',
      voice:
        'Du bist zu hören, solange deine Stimme lauter ist als die Marke im Pegel. Leisere Geräusche werden nicht gesendet.',
      push: 'Du bist nur zu hören, solange du die Taste oder den Knopf hältst. Die Taste wirkt, solange diese Seite den Fokus hat.',
      mute: 'Du bist zu hören, außer solange du die Taste oder den Knopf hältst. Die Taste wirkt, solange diese Seite den Fokus hat.',
    },
    automatic: 'An die Umgebungsgeräusche anpassen',
    threshold: 'Pegel, ab dem das Mikrofon öffnet',
    binding: 'Taste oder Knopf',
    press: 'Jetzt drücken',
    mouse: (button) => `Maustaste ${button}`,
    gamepad: (button) => `Gamepad-Knopf ${button}`,
    hold: { push: 'Zum Sprechen halten', mute: 'Zum Schweigen halten' },
    or: (key) => `oder ${key}`,
    isMuted: 'Du bist stummgeschaltet',
  },

  rooms: {
    title: 'Räume',
    close: 'Schließen',
    search: 'Raum suchen',
    none: 'Es gibt keine anderen Räume.',
    notFound: 'Kein Raum heißt so.',
    here: 'Du bist hier',
    locked: 'gesperrt',
    password: 'braucht ein Passwort',
    token: 'braucht einen eigenen Link',
    enter: 'Eintreten',
    notLoaded: 'Die Liste der Räume konnte nicht geladen werden. Lade die Seite neu.',
    nobody: 'Noch ist niemand in diesem Raum.',
    count: (people) => plural(people, { one: '# Person', other: '# Personen' }),
    more: (people) => `und ${people} weitere`,
    open: (people) => plural(people, { one: '# offener Raum', other: '# offene Räume' }),
    inside: (names) => `In diesem Raum: ${names}`,
    passwordOf: (room) => `Passwort von ${room}`,
    switched: (room) => `Du bist jetzt im Raum ${room}.`,
  },

  invite: {
    title: 'Andere einladen',
    share: 'Teilen…',
    qr: 'Der Link zu diesem Raum als QR-Code',
  },

  signals: {
    manyCame: (people) => `${people} Personen sind jetzt da`,
    manyWent: (people) => `${people} Personen sind gegangen`,
    raisedHand: (name) => `${name} hebt die Hand`,
    captureBegan: (name) => `Was ${name} sagt und hört, wird aufgezeichnet`,
    captureEnded: (name) => `Die Aufzeichnung von ${name} ist beendet`,
    mutedTitle: (title) => `Stumm · ${title}`,
    sounds: 'Töne für das, was im Raum geschieht',
    hand: 'Melden',
    handRaised: 'meldet sich',
    setAway: 'Ich bin abwesend',
    away: 'abwesend',
    quality: { fair: 'mäßige Verbindung', poor: 'schlechte Verbindung' },
  },

  channels: {
    teams: 'Teams',
    talkTo: 'Du sprichst mit',
    everyone: 'Allen',
    whisper: 'Flüstern',
    whisperTo: (name) => `Flüstern: halten, um nur mit ${name} zu sprechen`,
    shout: 'Rufen',
    shoutTo: (rooms) => `Rufen: halten, um auch mit ${rooms} zu sprechen`,
    shoutsFrom: (name, room) => `${name} ruft aus ${room}`,
    whispersToYou: 'flüstert dir zu',
    speaksTo: (teams) => `an ${teams}`,
  },

  volume: {
    open: (name) => `Lautstärke von ${name}`,
    onlyForYou: 'Nur du hörst den Unterschied.',
    volume: 'Lautstärke',
    percent: (gain) => percent(gain),
    mute: 'Für mich stumm',
    muted: 'für dich stumm',
    changed: (gain) => `${percent(gain)} für dich`,
    close: 'Schließen',
  },

  share: {
    share: 'Ton teilen',
    stop: 'Nicht mehr teilen',
  },

  chat: {
    title: 'Chat',
    unread: 'ungelesene Nachrichten',
    notLoaded: 'Der Chat konnte nicht geladen werden. Lade die Seite neu.',
    problemFor: (sentence, seconds) => `${sentence} (${seconds} s)`,
  },

  moderation: {
    moderate: (name) => `${name} moderieren`,
    mute: 'Stummschalten',
    allow: 'Sprechen erlauben',
    muteInChat: 'Im Chat stummschalten',
    allowInChat: 'Schreiben im Chat erlauben',
    kick: 'Aus dem Raum entfernen',
    ban: 'Für zehn Minuten entfernen',
    cancel: 'Abbrechen',
    lock: 'Sperren',
    lockHint: 'Einem gesperrten Raum kann nur die Moderation beitreten.',
    locked: 'Gesperrt',
  },

  states: {
    closed: 'Nicht verbunden',
    connecting: 'Verbindung wird hergestellt…',
    restarting: 'Der Server startet neu',
    reconnecting: 'Verbindung wird wiederhergestellt',
    lost: 'Verbindung verloren',
  },
  mediaStates: {
    connecting: 'Ton wird verbunden…',
    connected: 'Verbunden',
    blocked: 'Kein Ton',
    busy: 'Server ist ausgelastet',
  },
  quality: { good: 'Gute Verbindung', fair: 'Mäßige Verbindung', poor: 'Schlechte Verbindung' },
  notAnswering: 'Der Server antwortet nicht',
  backAfterRestart: 'Du kommst von selbst zurück.',
  stillHeard: 'Der Server ist nicht erreichbar, aber der Ton läuft noch.',
  retrying: (seconds, attempt) =>
    seconds > 0
      ? `Neuer Versuch in ${seconds} s (Nr. ${attempt})`
      : `Verbindung wird wiederhergestellt (Versuch ${attempt})…`,
  retryNow: 'Jetzt versuchen',
  blocked:
    'Der Server antwortet, aber es kommt kein Ton durch. Vermutlich blockiert eine Firewall oder dieses Netz UDP. Der Versuch läuft weiter…',
  busy: 'Der Server ist zu ausgelastet, um dir gerade Ton zu geben. Alle paar Sekunden wird neu gefragt; du musst nichts tun.',
  problems: {
    unreachable: 'Der Server ist nicht erreichbar. Prüfe dein Netz und versuche es noch einmal.',
    already_connected: 'Du bist schon in einem Raum. Verlasse ihn zuerst.',
    media_failed: 'Dein Browser konnte den Ton nicht einrichten. Neuer Versuch…',
    malformed_message: NO_UNDERSTANDING,
    unknown_type: NO_UNDERSTANDING,
    not_joined: NO_UNDERSTANDING,
    already_joined: NO_UNDERSTANDING,
    message_too_large: NO_UNDERSTANDING,
    too_many_messages: TOO_MUCH,
    too_many_offers: TOO_MUCH,
    join_timeout: 'Das Beitreten hat zu lange gedauert. Versuche es noch einmal.',
    invalid_name: 'Der Server nimmt diesen Namen nicht an. Erlaubt sind 1 bis 64 Zeichen, keine Steuerzeichen.',
    invalid_room:
      'Der Server nimmt diesen Raumnamen nicht an. Verwende Buchstaben, Ziffern, Leerzeichen, „-“, „_“, „.“ und „/“.',
    room_locked: 'Dieser Raum ist gesperrt, niemand kann mehr beitreten. Frag jemanden, der drin ist.',
    password_required: 'Dieser Raum hat ein Passwort.',
    wrong_password: 'Falsches Passwort. Versuche es noch einmal.',
    token_required: 'Dieser Server verlangt einen persönlichen Link. Frag die Person, die dich eingeladen hat.',
    token_invalid: 'Dein Link gilt nicht für diesen Raum. Bitte um einen neuen.',
    token_expired: 'Dein Link ist abgelaufen. Bitte um einen neuen.',
    token_unavailable: 'Im Moment gibt es keinen Link für dich. Versuche es noch einmal.',
    not_allowed: 'Das darfst du hier nicht.',
    unknown_participant: 'Diese Person hat den Raum gerade verlassen.',
    unknown_channel: 'Diesen Kanal gibt es nicht mehr.',
    channel_full: 'Dieser Kanal ist voll.',
    not_linked: 'Dieser Raum ist nicht mehr mit anderen verbunden.',
    recording_off: NOT_RECORDED,
    too_many_recordings: NOT_RECORDED,
    disk_full: NOT_RECORDED,
    recording_failed: NOT_RECORDED,
    recording_running: 'Der Raum wird aufgezeichnet.',
    no_recording: 'Der Raum wird nicht aufgezeichnet.',
    chat_off: 'In diesem Raum gibt es keinen Chat.',
    invalid_text: 'Der Server nimmt diese Nachricht nicht an. Sie darf höchstens 2000 Zeichen haben.',
    too_many_lines: TOO_MUCH,
    slow_mode: 'Der langsame Modus ist an. Warte, bevor du wieder schreibst.',
    unknown_line: 'Diese Nachricht gibt es nicht mehr.',
    too_many_data: TOO_MUCH,
    data_too_large: NO_UNDERSTANDING,
    files_off: 'Dieser Server nimmt keine Dateien an.',
    file_too_large: 'Diese Datei ist zu groß.',
    too_many_files: 'Das war zu viel auf einmal. Warte einen Moment.',
    no_space_for_files: 'Der Server hat gerade keinen Platz für diese Datei. Versuch es später noch einmal.',
    unknown_chat_file: 'Diese Datei gibt es nicht mehr.',
    too_many_shares: 'Hier teilen schon genug Leute einen Ton.',
    not_delivered: 'Diese Person kann gerade keine Nachrichten empfangen.',
    kicked: 'Die Moderation hat dich aus dem Raum entfernt.',
    unknown_room: 'Diesen Raum gibt es nicht mehr.',
    identity_present: 'Du bist schon in diesem Raum, in einem anderen Fenster.',
    too_many_bans: 'Die Liste der Sperren des Servers ist voll.',
    room_elsewhere: 'Dieser Raum ist auf einem anderen Server. Verlasse diesen und tritt dort neu bei.',
    room_full: 'Dieser Raum ist voll. Versuche es später noch einmal oder wähle einen anderen.',
    too_many_rooms:
      'Auf dem Server gibt es schon so viele Räume wie erlaubt. Tritt einem davon bei oder versuche es später noch einmal.',
    too_many_rooms_of_address:
      'Aus deinem Netz sind schon so viele Räume offen, wie dieser Server erlaubt. Tritt einem davon bei oder versuche es später noch einmal.',
    sdp_too_large: NO_FORMAT,
    invalid_sdp: NO_FORMAT,
    cannot_restart: 'Die Tonverbindung ist abgebrochen und wird neu aufgebaut.',
    media_unavailable: 'Der Server hat gerade keinen Ton für dich. Neuer Versuch…',
    server_busy: 'Der Server ist zu ausgelastet, um noch jemanden hereinzulassen. Versuche es gleich noch einmal.',
    forbidden_origin: 'Diese Seite darf diesen Server nicht benutzen. Öffne die eigene Seite des Servers.',
    unknown_host: 'Der Server kennt den Namen in deiner Adresszeile nicht. Frag nach dem richtigen Link.',
    rate_limited: 'Zu viele Versuche aus deinem Netz. Warte eine Minute und versuche es noch einmal.',
    too_many_connections: 'Auf dem Server sind schon so viele Leute wie erlaubt. Versuche es später noch einmal.',
    replaced: 'Du bist in einem anderen Fenster beigetreten, deshalb hat dieses den Raum verlassen.',
    room_closed: 'Dieser Raum wurde geschlossen.',
    server_draining:
      'Der Server wird gleich neu gestartet und lässt niemanden mehr herein. Versuche es in ein paar Minuten.',
    server_closing: 'Der Server startet neu. Versuche es gleich noch einmal.',
    internal: 'Im Server ist etwas schiefgegangen. Versuche es noch einmal.',
  },
  refused: (code) => `Der Server hat abgelehnt (${code}).`,
  banned: (duration) => `Die Moderation hat dich aus dem Raum entfernt. In ${duration} kannst du wiederkommen.`,

  mini: {
    open: 'Mini-Player',
    hint: 'Den Raum in einem kleinen Fenster über den anderen behalten',
    failed: 'Das kleine Fenster ließ sich nicht öffnen.',
    leave: 'Verlassen',
  },

  settings: {
    notLoaded: 'Die Einstellungen konnten nicht geladen werden. Bitte versuch es noch einmal.',
    close: 'Fertig',
    outputFailed: 'Dieser Lautsprecher lässt sich nicht benutzen.',
  },
} satisfies Table;
