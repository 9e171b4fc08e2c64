// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('es');

export const table = {
  check: {
    title: 'Tu sonido',
    microphone: 'Probar el micrófono',
    asking: 'Responde a la pregunta de tu navegador',
    speak: 'Di algo: la barra debería moverse. Todavía no te oye nadie.',
    hearMyself: 'Escucharte',
    recording: 'Di algo…',
    sound: 'Reproducir un sonido',
    playing: 'Reproduciendo…',
  },

  everyone: {
    more: (people) => (people === 1 ? 'Hay 1 persona más aquí' : `Hay ${people} personas más aquí`),
    show: 'Mostrar a todos',
    heading: 'Están aquí, pero no en la lista de arriba',
    failed: 'No se pudieron cargar. Inténtalo de nuevo.',
  },

  signIn: (provider: string) => `Iniciar sesión con ${provider}`,

  overHttps: 'por HTTPS, con algo más de retraso',

  shortcuts: {
    title: 'Atajos de teclado',
    isOn: 'Teclas sueltas',
    actions: { mute: 'Silenciar', deafen: 'Sin sonido' },
    press: 'Pulsa una tecla',
    none: 'Ninguna',
    hint: 'Funcionan mientras esta página tiene el foco y no estás escribiendo.',
  },

  files: {
    title: 'Archivos',
    send: 'Enviar un archivo…',
    hint: 'Va directamente de tu navegador al suyo. Después, cada uno conoce la dirección de red del otro.',
    tooLarge: 'El archivo es demasiado grande. Puede tener 512 MB como máximo.',
    notLoaded: 'No se pudo enviar el archivo. Inténtalo de nuevo.',
    from: (name) => `de ${name}`,
    to: (name) => `para ${name}`,
    offered: '¿Lo quieres? Conocerá tu dirección de red.',
    accept: 'Aceptar',
    refuse: 'Rechazar',
    cancel: 'Cancelar',
    save: 'Guardar',
    remove: 'Cerrar',
    progress: (file) => `Cuánto ha llegado de ${file}`,
    status: {
      asking: 'esperando respuesta',
      connecting: 'conectando…',
      running: 'en camino',
      done: 'completo',
      refused: 'rechazado',
      cancelled: 'cancelado',
      failed: 'falló',
    },
  },

  share: {
    title: 'Sonidos compartidos',
    hint: 'Los demás lo oyen junto a tu voz, en estéreo, y cada uno ajusta su volumen. Tú no lo oyes de ellos.',
    tab: 'El sonido de una pestaña…',
    file: 'Un archivo de audio…',
    musicOf: (name) => `Música de ${name}`,
    yours: 'lo compartes tú',
    playing: 'suena',
    silent: 'en silencio',
    removed: 'Un moderador ha detenido el sonido que compartías.',
    failures: {
      no_sound: 'No había sonido. Elige una pestaña y marca la casilla de su sonido.',
      echo: 'Contendría las voces de esta sala, que se oirían a sí mismas. Comparte una pestaña.',
      unplayable: 'Tu navegador no puede reproducir este archivo.',
      unsupported: 'Tu navegador no puede compartir sonido aquí.',
    },
  },

  chat: {
    close: 'Cerrar',
    write: 'Escribe un mensaje',
    editing: 'Cambia tu mensaje',
    send: 'Enviar',
    save: 'Guardar',
    edit: 'Editar',
    edited: 'editado',
    delete: 'Eliminar',
    attach: 'Adjuntar',
    attachHint: (size, minutes) => `Archivos de hasta ${size}. Se guardan ${minutes} min como máximo, solo en memoria.`,
    fileGone: (name) => `${name} ya no se guarda.`,
    picture: (name) => `Imagen ${name}`,
    privately: 'en privado',
    to: 'Para',
    everyone: 'Para todos',
    only: (name) => `Solo para ${name}`,
    mention: 'Personas que mencionar',
    slowMode: 'Modo lento',
    slowModeOff: 'Desactivado',
    seconds: (seconds) => (seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
    slow: (seconds) => `Modo lento: un mensaje cada ${seconds} s.`,
    mayNot: 'Aquí puedes leer, pero no escribir.',
    kept: (lines, hours) =>
      lines === 0
        ? 'Los mensajes no se guardan. Quien entra más tarde no los ve.'
        : `Los últimos ${lines} mensajes se guardan ${hours} h como mucho, y hasta que todos hayan salido.`,
  },

  stats: {
    open: 'Ver estadísticas',
    notLoaded: 'No se pudieron cargar las estadísticas. Vuelve a intentarlo.',
    title: 'Tu conexión',
    copy: 'Copiar para un informe',
    copied: 'Copiado',
    copyYourself: 'Tu navegador no deja que esta página copie. Copia tú el texto:',
    graphs: {
      rttMs: 'Ida y vuelta',
      lossDownPercent: 'Pérdida de paquetes hacia ti',
      lossUpPercent: 'Pérdida de paquetes hacia el servidor',
      concealedPercent: 'Disimulado por el navegador',
    },
    graph: (name, now) => `${name} en los últimos diez minutos; ahora ${now}`,
    rows: {
      path: 'Camino al servidor',
      server: 'Dirección',
      codec: 'Códec',
      sent: 'Enviado',
      received: 'Recibido',
      jitter: 'Fluctuación',
      buffer: 'En el búfer del navegador',
      target: 'Búfer que quiere el navegador',
      late: 'Paquetes que llegaron tarde',
      gaps: 'Huecos disimulados',
      encryption: 'Cifrado',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `Por un relé, ${transport.toUpperCase()}` : `Directo, ${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        'Se pierden paquetes tuyos de camino al servidor, así que los demás te oyen con cortes. Con wifi, acércate al punto de acceso o usa un cable.',
      loss_down:
        'Se pierden paquetes que van hacia ti, así que oyes a los demás con cortes. Con wifi, acércate al punto de acceso o usa un cable.',
      busy_computer:
        'Llegan todos los paquetes, pero tu navegador suena con cortes: este equipo está saturado. Cierra otros programas y pestañas.',
      full_line: 'El retardo sube y baja: algo más está usando tu línea, como una descarga o una copia de seguridad.',
      far_away: 'El servidor está lejos o la línea es lenta, así que todos se oyen con retraso.',
      no_udp:
        'Tu red bloquea UDP, así que el sonido va por un camino más lento. Los paquetes perdidos lo retrasan más.',
    },
  },

  settings: {
    title: 'Ajustes',
    input: 'Micrófono',
    output: 'Altavoz',
    defaultDevice: 'El del sistema',
    unnamed: (index) => `Dispositivo ${index + 1}`,
    chooseOutput: 'Elegir un altavoz…',
    processing: 'Procesamiento de audio',
    processingHint: 'Bueno para la voz. Para música, desactívalo todo y ponte auriculares.',
    echoCancellation: 'Cancelación de eco',
    suppression: 'Supresión de ruido',
    suppressions: { off: 'Desactivada', browser: 'La del navegador', strong: 'Fuerte' },
    suppressionHints: {
      off: 'Se envía todo.',
      browser: 'Quita el ruido constante.',
      strong: 'Quita también teclados y golpes. Exige más a tu equipo y te retrasa 30 ms.',
    },
    inputGain: 'Volumen del micrófono',
    outputVolume: 'Volumen del altavoz',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: 'Tu navegador no puede procesar tu voz aquí, así que se envía tal cual.',
    autoGainControl: 'Control automático de ganancia',
    details: 'Conexión',
    noDetails: 'Todavía no hay datos.',
    figures: {
      rtt: 'Ida y vuelta',
      buffer: 'En el búfer del navegador',
      jitter: 'Fluctuación',
      lossDown: 'Pérdida de paquetes hacia ti',
      lossUp: 'Pérdida de paquetes hacia el servidor',
      concealed: 'Disimulado por el navegador',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable:
        'No se puede llegar al servidor de Mumble. Hasta que vuelva, la gente de allí y la de aquí no se oyen.',
      full: 'El servidor de Mumble está lleno. Hasta que haya sitio, la gente de allí y la de aquí no se oyen.',
      banned:
        'El servidor de Mumble no deja entrar a este servidor durante unos minutos. Hasta entonces, la gente de allí y la de aquí no se oyen.',
      refused: 'El servidor de Mumble no deja entrar a este servidor. Quien administra este servidor puede ayudar.',
    },
    shared: (name) =>
      `En Mumble te oyen a través de «${name}», junto con otras personas, porque allí no tienes un usuario propio.`,
    silenced: 'En Mumble no te oyen: allí no puedes hablar.',
    withheld:
      'En el canal de Mumble hay alguien que no puede estar en esta sala. Hasta que se vaya, no se envía nada allí.',
  },
} satisfies LateTable;
