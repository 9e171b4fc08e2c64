// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('fr');

export const table = {
  check: {
    title: 'Ton son',
    microphone: 'Tester le micro',
    asking: 'Réponds à la question de ton navigateur',
    speak: 'Dis quelque chose : la barre devrait bouger. Personne ne t’entend encore.',
    hearMyself: 'T’écouter',
    recording: 'Dis quelque chose…',
    sound: 'Jouer un son de test',
    playing: 'Lecture…',
  },

  everyone: {
    more: (people) => (people === 1 ? '1 autre personne est ici' : `${people} autres personnes sont ici`),
    show: 'Afficher tout le monde',
    heading: 'Ici, mais pas dans la liste ci-dessus',
    failed: 'Impossible de les charger. Réessaie.',
  },

  signIn: (provider: string) => `Se connecter avec ${provider}`,

  overHttps: 'par HTTPS, avec un peu plus de retard',

  shortcuts: {
    title: 'Raccourcis clavier',
    isOn: 'Touches simples',
    actions: { mute: 'Couper micro', deafen: 'Couper son' },
    press: 'Appuie sur une touche',
    none: 'Aucune',
    hint: 'Ils marchent tant que cette page est active et que tu n’écris pas.',
  },

  files: {
    title: 'Fichiers',
    send: 'Envoyer un fichier…',
    hint: 'Il va directement de ton navigateur au sien. Chacun connaît ensuite l’adresse réseau de l’autre.',
    tooLarge: 'Le fichier est trop grand. La limite est de 512 Mo.',
    notLoaded: 'Le fichier n’a pas pu être envoyé. Réessaie.',
    from: (name) => `de ${name}`,
    to: (name) => `pour ${name}`,
    offered: 'Le veux-tu ? Ton adresse réseau sera connue.',
    accept: 'Accepter',
    refuse: 'Refuser',
    cancel: 'Annuler',
    save: 'Enregistrer',
    remove: 'Fermer',
    progress: (file) => `Part reçue de ${file}`,
    status: {
      asking: 'en attente de réponse',
      connecting: 'connexion…',
      running: 'en cours',
      done: 'terminé',
      refused: 'refusé',
      cancelled: 'annulé',
      failed: 'échec',
    },
  },

  share: {
    title: 'Sons partagés',
    hint: 'Les autres l’entendent à côté de ta voix, en stéréo, et chacun règle son volume. Tu ne l’entends pas par eux.',
    tab: 'Le son d’un onglet…',
    file: 'Un fichier audio…',
    musicOf: (name) => `La musique de ${name}`,
    yours: 'partagé par toi',
    playing: 'joue',
    silent: 'silencieux',
    removed: 'Un modérateur a arrêté le son que tu partageais.',
    failures: {
      no_sound: 'Il n’y avait pas de son. Choisis un onglet et coche la case de son son.',
      echo: 'Les voix de ce salon y seraient, et s’entendraient elles-mêmes. Partage plutôt un onglet.',
      unplayable: 'Ton navigateur ne peut pas lire ce fichier.',
      unsupported: 'Ton navigateur ne peut pas partager de son ici.',
    },
  },

  chat: {
    close: 'Fermer',
    write: 'Écris un message',
    editing: 'Modifie ton message',
    send: 'Envoyer',
    save: 'Enregistrer',
    edit: 'Modifier',
    edited: 'modifié',
    delete: 'Supprimer',
    attach: 'Joindre',
    attachHint: (size, minutes) =>
      `Fichiers jusqu’à ${size}. Ils sont gardés ${minutes} min au plus, en mémoire seulement.`,
    fileGone: (name) => `${name} n’est plus gardé.`,
    picture: (name) => `Image ${name}`,
    privately: 'en privé',
    to: 'À',
    everyone: 'À tout le monde',
    only: (name) => `Seulement à ${name}`,
    mention: 'Personnes à mentionner',
    slowMode: 'Mode lent',
    slowModeOff: 'Désactivé',
    seconds: (seconds) => (seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
    slow: (seconds) => `Mode lent : un message toutes les ${seconds} s.`,
    mayNot: 'Tu peux lire ici, mais pas écrire.',
    kept: (lines, hours) =>
      lines === 0
        ? 'Les messages ne sont pas conservés. Qui arrive plus tard ne les voit pas.'
        : `Les ${lines} derniers messages sont conservés ${hours} h au plus, et jusqu’à ce que tout le monde soit parti.`,
  },

  stats: {
    open: 'Voir les statistiques',
    notLoaded: 'Les statistiques n’ont pas pu être chargées. Réessaie.',
    title: 'Ta connexion',
    copy: 'Copier pour un rapport',
    copied: 'Copié',
    copyYourself: 'Ton navigateur ne laisse pas cette page copier. Copie le texte toi-même :',
    graphs: {
      rttMs: 'Aller-retour',
      lossDownPercent: 'Perte de paquets vers toi',
      lossUpPercent: 'Perte de paquets vers le serveur',
      concealedPercent: 'Masqué par le navigateur',
    },
    graph: (name, now) => `${name} sur les dix dernières minutes ; maintenant ${now}`,
    rows: {
      path: 'Chemin vers le serveur',
      server: 'Adresse',
      codec: 'Codec',
      sent: 'Envoyé',
      received: 'Reçu',
      jitter: 'Gigue',
      buffer: 'En tampon dans le navigateur',
      target: 'Tampon voulu par le navigateur',
      late: 'Paquets arrivés trop tard',
      gaps: 'Trous masqués',
      encryption: 'Chiffrement',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `Par un relais, ${transport.toUpperCase()}` : `Direct, ${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        'Des paquets se perdent de toi vers le serveur, les autres t’entendent donc avec des trous. En Wi-Fi, rapproche-toi de la borne ou prends un câble.',
      loss_down:
        'Des paquets se perdent en venant vers toi, tu entends donc les autres avec des trous. En Wi-Fi, rapproche-toi de la borne ou prends un câble.',
      busy_computer:
        'Tous les paquets arrivent, mais ton navigateur joue des trous : cet ordinateur est surchargé. Ferme d’autres programmes et onglets.',
      full_line:
        'Le délai monte et descend : autre chose utilise ta ligne, par exemple un téléchargement ou une sauvegarde.',
      far_away: 'Le serveur est loin ou la ligne est lente, tout le monde s’entend donc en retard.',
      no_udp:
        'Ton réseau bloque UDP, le son prend donc un chemin plus lent. Les paquets perdus le retardent davantage.',
    },
  },

  settings: {
    title: 'Réglages',
    input: 'Micro',
    output: 'Haut-parleur',
    defaultDevice: 'Celui du système',
    unnamed: (index) => `Appareil ${index + 1}`,
    chooseOutput: 'Choisir un haut-parleur…',
    processing: 'Traitement du son',
    processingHint: 'Bon pour la voix. Pour la musique, désactive tout et mets un casque.',
    echoCancellation: 'Annulation d’écho',
    suppression: 'Réduction du bruit',
    suppressions: { off: 'Désactivée', browser: 'Celle du navigateur', strong: 'Forte' },
    suppressionHints: {
      off: 'Tout est envoyé.',
      browser: 'Enlève le bruit constant.',
      strong: 'Enlève aussi les claviers et les chocs. Elle demande plus à ton ordinateur et te retarde de 30 ms.',
    },
    inputGain: 'Volume du micro',
    outputVolume: 'Volume du haut-parleur',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: 'Ton navigateur ne peut pas traiter ta voix ici, elle est donc envoyée telle quelle.',
    autoGainControl: 'Gain automatique',
    details: 'Connexion',
    noDetails: 'Pas encore de chiffres.',
    figures: {
      rtt: 'Aller-retour',
      buffer: 'En tampon dans le navigateur',
      jitter: 'Gigue',
      lossDown: 'Perte de paquets vers toi',
      lossUp: 'Perte de paquets vers le serveur',
      concealed: 'Masqué par le navigateur',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable:
        'Le serveur Mumble est injoignable. Jusqu’à son retour, les personnes là-bas et ici ne s’entendent pas.',
      full: 'Le serveur Mumble est plein. Tant qu’il n’y a pas de place, les personnes là-bas et ici ne s’entendent pas.',
      banned:
        'Le serveur Mumble refuse ce serveur pendant quelques minutes. D’ici là, les personnes là-bas et ici ne s’entendent pas.',
      refused: 'Le serveur Mumble refuse ce serveur. La personne qui gère ce serveur peut aider.',
    },
    shared: (name) =>
      `Sur Mumble, on t’entend à travers « ${name} », avec d’autres, car tu n’y as pas d’utilisateur à toi.`,
    silenced: 'Sur Mumble, on ne t’entend pas : tu n’as pas le droit d’y parler.',
    withheld:
      'Quelqu’un dans le canal Mumble n’a pas le droit d’être dans ce salon. Jusqu’à son départ, rien n’y est envoyé.',
  },
} satisfies LateTable;
