// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('de');

export const table = {
  check: {
    title: 'Dein Ton',
    microphone: 'Mikrofon testen',
    asking: 'Bitte beantworte die Frage deines Browsers',
    speak: 'Sag etwas: Der Balken sollte sich bewegen. Noch hört dich niemand.',
    hearMyself: 'Dich selbst hören',
    recording: 'Sag etwas…',
    sound: 'Testton abspielen',
    playing: 'Wird abgespielt…',
  },

  everyone: {
    more: (people) => (people === 1 ? 'Noch 1 Person ist hier' : `Noch ${people} Personen sind hier`),
    show: 'Alle zeigen',
    heading: 'Hier, aber nicht in der Liste oben',
    failed: 'Sie konnten nicht geladen werden. Bitte versuche es noch einmal.',
  },

  signIn: (provider: string) => `Mit ${provider} anmelden`,

  overHttps: 'über HTTPS, mit etwas mehr Verzögerung',

  shortcuts: {
    title: 'Tastenkürzel',
    isOn: 'Einzelne Tasten',
    actions: { mute: 'Stumm', deafen: 'Ton aus' },
    press: 'Taste drücken',
    none: 'Keine',
    hint: 'Sie wirken, solange diese Seite den Fokus hat und du nicht tippst.',
  },

  files: {
    title: 'Dateien',
    send: 'Datei senden…',
    hint: 'Sie geht direkt von deinem Browser zum anderen. Beide kennen danach die Netzwerkadresse des anderen.',
    tooLarge: 'Die Datei ist zu groß. Sie darf höchstens 512 MB haben.',
    notLoaded: 'Die Datei konnte nicht gesendet werden. Versuch es noch einmal.',
    from: (name) => `von ${name}`,
    to: (name) => `an ${name}`,
    offered: 'Möchtest du sie? Deine Netzwerkadresse wird dabei bekannt.',
    accept: 'Annehmen',
    refuse: 'Ablehnen',
    cancel: 'Abbrechen',
    save: 'Speichern',
    remove: 'Schließen',
    progress: (file) => `Wie viel von ${file} angekommen ist`,
    status: {
      asking: 'wartet auf Antwort',
      connecting: 'verbindet…',
      running: 'unterwegs',
      done: 'vollständig',
      refused: 'abgelehnt',
      cancelled: 'abgebrochen',
      failed: 'fehlgeschlagen',
    },
  },

  share: {
    title: 'Geteilte Töne',
    hint: 'Die anderen hören ihn neben deiner Stimme, in Stereo, und stellen ihn so laut, wie sie wollen. Du hörst ihn nicht von ihnen.',
    tab: 'Der Ton eines Tabs…',
    file: 'Eine Audiodatei…',
    musicOf: (name) => `Musik von ${name}`,
    yours: 'von dir geteilt',
    playing: 'läuft',
    silent: 'still',
    removed: 'Ein Moderator hat den Ton beendet, den du geteilt hast.',
    failures: {
      no_sound: 'Darin war kein Ton. Wähle einen Tab, und setze den Haken für seinen Ton.',
      echo: 'Darin wären die Stimmen dieses Raums, die sich dann selbst hören. Teile stattdessen einen Tab.',
      unplayable: 'Dein Browser kann diese Datei nicht abspielen.',
      unsupported: 'Dein Browser kann hier keinen Ton teilen.',
    },
  },

  chat: {
    close: 'Schließen',
    write: 'Nachricht schreiben',
    editing: 'Nachricht ändern',
    send: 'Senden',
    save: 'Speichern',
    edit: 'Bearbeiten',
    edited: 'bearbeitet',
    delete: 'Löschen',
    attach: 'Anhängen',
    attachHint: (size, minutes) => `Dateien bis ${size}. Sie bleiben höchstens ${minutes} min, nur im Arbeitsspeicher.`,
    fileGone: (name) => `${name} wird nicht mehr aufbewahrt.`,
    picture: (name) => `Bild ${name}`,
    privately: 'privat',
    to: 'An',
    everyone: 'An alle',
    only: (name) => `Nur an ${name}`,
    mention: 'Personen zum Erwähnen',
    slowMode: 'Langsamer Modus',
    slowModeOff: 'Aus',
    seconds: (seconds) => (seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
    slow: (seconds) => `Langsamer Modus: eine Nachricht alle ${seconds} s.`,
    mayNot: 'Du kannst hier lesen, aber nicht schreiben.',
    kept: (lines, hours) =>
      lines === 0
        ? 'Nachrichten werden nicht aufbewahrt. Wer später kommt, sieht sie nicht.'
        : `Die letzten ${lines} Nachrichten werden höchstens ${hours} h aufbewahrt, und nur, bis alle gegangen sind.`,
  },

  stats: {
    open: 'Statistik anzeigen',
    notLoaded: 'Die Statistik konnte nicht geladen werden. Versuche es noch einmal.',
    title: 'Deine Verbindung',
    copy: 'Für Fehlerbericht kopieren',
    copied: 'Kopiert',
    copyYourself: 'Dein Browser lässt diese Seite nicht kopieren. Kopiere den Text selbst:',
    graphs: {
      rttMs: 'Umlaufzeit',
      lossDownPercent: 'Paketverlust zu dir',
      lossUpPercent: 'Paketverlust zum Server',
      concealedPercent: 'Vom Browser überdeckt',
    },
    graph: (name, now) => `${name} in den letzten zehn Minuten; jetzt ${now}`,
    rows: {
      path: 'Weg zum Server',
      server: 'Adresse',
      codec: 'Codec',
      sent: 'Gesendet',
      received: 'Empfangen',
      jitter: 'Jitter',
      buffer: 'Puffer im Browser',
      target: 'Puffer, den der Browser will',
      late: 'Zu spät gekommene Pakete',
      gaps: 'Überdeckte Lücken',
      encryption: 'Verschlüsselung',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `Über ein Relay, ${transport.toUpperCase()}` : `Direkt, ${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        'Auf dem Weg von dir zum Server gehen Pakete verloren, deshalb hören dich andere mit Lücken. Geh bei WLAN näher an den Zugangspunkt oder nimm ein Kabel.',
      loss_down:
        'Auf dem Weg zu dir gehen Pakete verloren, deshalb hörst du andere mit Lücken. Geh bei WLAN näher an den Zugangspunkt oder nimm ein Kabel.',
      busy_computer:
        'Alle Pakete kommen an, aber dein Browser spielt mit Lücken: Dieser Rechner ist ausgelastet. Schließe andere Programme und Tabs.',
      full_line:
        'Die Verzögerung springt auf und ab: Etwas anderes belegt deine Leitung, etwa ein Download oder eine Datensicherung.',
      far_away: 'Der Server ist weit weg oder die Leitung langsam, deshalb hören sich alle verspätet.',
      no_udp:
        'Dein Netz blockiert UDP, deshalb nimmt der Ton einen langsameren Weg. Verlorene Pakete verzögern ihn stärker.',
    },
  },

  settings: {
    title: 'Einstellungen',
    input: 'Mikrofon',
    output: 'Lautsprecher',
    defaultDevice: 'Systemstandard',
    unnamed: (index) => `Gerät ${index + 1}`,
    chooseOutput: 'Lautsprecher wählen…',
    processing: 'Tonbearbeitung',
    processingHint: 'Gut für Sprache. Für Musik schalte alles aus und nimm Kopfhörer.',
    echoCancellation: 'Echounterdrückung',
    suppression: 'Rauschunterdrückung',
    suppressions: { off: 'Aus', browser: 'Die des Browsers', strong: 'Stark' },
    suppressionHints: {
      off: 'Alles wird gesendet.',
      browser: 'Entfernt gleichmäßiges Rauschen.',
      strong:
        'Entfernt auch Tastaturen und Geklapper. Sie braucht mehr von deinem Rechner und verzögert dich um 30 ms.',
    },
    inputGain: 'Mikrofonlautstärke',
    outputVolume: 'Lautsprecherlautstärke',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: 'Dein Browser kann deine Stimme hier nicht bearbeiten, sie wird unverändert gesendet.',
    autoGainControl: 'Automatische Lautstärke',
    details: 'Verbindung',
    noDetails: 'Noch keine Werte.',
    figures: {
      rtt: 'Umlaufzeit',
      buffer: 'Puffer im Browser',
      jitter: 'Jitter',
      lossDown: 'Paketverlust zu dir',
      lossUp: 'Paketverlust zum Server',
      concealed: 'Vom Browser überdeckt',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable:
        'Der Mumble-Server ist nicht erreichbar. Bis er wieder da ist, hören sich die Leute dort und hier nicht.',
      full: 'Der Mumble-Server ist voll. Bis ein Platz frei wird, hören sich die Leute dort und hier nicht.',
      banned:
        'Der Mumble-Server lässt diesen Server einige Minuten lang nicht herein. So lange hören sich die Leute dort und hier nicht.',
      refused: 'Der Mumble-Server lässt diesen Server nicht herein. Wer diesen Server betreibt, kann helfen.',
    },
    shared: (name) =>
      `Auf Mumble hört man dich über „${name}“, zusammen mit anderen, weil du dort keinen eigenen Benutzer hast.`,
    silenced: 'Auf Mumble hört man dich nicht: Du darfst dort nicht sprechen.',
    withheld:
      'Im Mumble-Kanal ist jemand, der nicht in diesen Raum darf. Bis diese Person geht, wird nichts dorthin gesendet.',
  },
} satisfies LateTable;
