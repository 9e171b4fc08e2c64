// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('pt-BR');

export const table = {
  check: {
    title: 'Seu som',
    microphone: 'Testar o microfone',
    asking: 'Responda à pergunta do navegador',
    speak: 'Diga algo: a barra deve se mexer. Ninguém ouve você ainda.',
    hearMyself: 'Ouvir a si mesmo',
    recording: 'Diga algo…',
    sound: 'Tocar um som de teste',
    playing: 'Tocando…',
  },

  everyone: {
    more: (people) => (people === 1 ? 'Mais 1 pessoa está aqui' : `Mais ${people} pessoas estão aqui`),
    show: 'Mostrar todos',
    heading: 'Aqui, mas não na lista acima',
    failed: 'Não foi possível carregar. Tente de novo.',
  },

  signIn: (provider: string) => `Entrar com ${provider}`,

  overHttps: 'por HTTPS, com um pouco mais de atraso',

  shortcuts: {
    title: 'Atalhos do teclado',
    isOn: 'Teclas simples',
    actions: { mute: 'Silenciar', deafen: 'Desativar áudio' },
    press: 'Aperte uma tecla',
    none: 'Nenhuma',
    hint: 'Funcionam enquanto esta página está em foco e você não está digitando.',
  },

  files: {
    title: 'Arquivos',
    send: 'Enviar um arquivo…',
    hint: 'Ele vai direto do seu navegador para o da outra pessoa. Depois, cada um conhece o endereço de rede do outro.',
    tooLarge: 'O arquivo é grande demais. O máximo é 512 MB.',
    notLoaded: 'Não foi possível enviar o arquivo. Tente de novo.',
    from: (name) => `de ${name}`,
    to: (name) => `para ${name}`,
    offered: 'Você quer? A pessoa vai conhecer seu endereço de rede.',
    accept: 'Aceitar',
    refuse: 'Recusar',
    cancel: 'Cancelar',
    save: 'Salvar',
    remove: 'Fechar',
    progress: (file) => `Quanto chegou de ${file}`,
    status: {
      asking: 'esperando resposta',
      connecting: 'conectando…',
      running: 'a caminho',
      done: 'completo',
      refused: 'recusado',
      cancelled: 'cancelado',
      failed: 'falhou',
    },
  },

  share: {
    title: 'Sons compartilhados',
    hint: 'Os outros ouvem junto da sua voz, em estéreo, e cada um ajusta o volume. Você não ouve de volta.',
    tab: 'O som de uma aba…',
    file: 'Um arquivo de áudio…',
    musicOf: (name) => `Música de ${name}`,
    yours: 'compartilhado por você',
    playing: 'tocando',
    silent: 'em silêncio',
    removed: 'Um moderador parou o som que você compartilhava.',
    failures: {
      no_sound: 'Não havia som. Escolha uma aba e marque a caixa do som dela.',
      echo: 'Isso teria as vozes desta sala, que ouviriam a si mesmas. Compartilhe uma aba.',
      unplayable: 'Seu navegador não consegue tocar este arquivo.',
      unsupported: 'Seu navegador não consegue compartilhar som aqui.',
    },
  },

  chat: {
    close: 'Fechar',
    write: 'Escreva uma mensagem',
    editing: 'Altere sua mensagem',
    send: 'Enviar',
    save: 'Salvar',
    edit: 'Editar',
    edited: 'editada',
    delete: 'Excluir',
    attach: 'Anexar',
    attachHint: (size, minutes) =>
      `Arquivos de até ${size}. Ficam guardados por ${minutes} min no máximo, só na memória.`,
    fileGone: (name) => `${name} não está mais guardado.`,
    picture: (name) => `Imagem ${name}`,
    privately: 'em particular',
    to: 'Para',
    everyone: 'Para todos',
    only: (name) => `Só para ${name}`,
    mention: 'Pessoas para mencionar',
    slowMode: 'Modo lento',
    slowModeOff: 'Desativado',
    seconds: (seconds) => (seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`),
    slow: (seconds) => `Modo lento: uma mensagem a cada ${seconds} s.`,
    mayNot: 'Aqui você pode ler, mas não escrever.',
    kept: (lines, hours) =>
      lines === 0
        ? 'As mensagens não são guardadas. Quem entra depois não as vê.'
        : `As últimas ${lines} mensagens são guardadas por no máximo ${hours} h, e até todos saírem.`,
  },

  stats: {
    open: 'Ver estatísticas',
    notLoaded: 'Não foi possível carregar as estatísticas. Tente de novo.',
    title: 'Sua conexão',
    copy: 'Copiar para um relatório',
    copied: 'Copiado',
    copyYourself: 'Seu navegador não deixa esta página copiar. Copie o texto você mesmo:',
    graphs: {
      rttMs: 'Ida e volta',
      lossDownPercent: 'Perda de pacotes até você',
      lossUpPercent: 'Perda de pacotes até o servidor',
      concealedPercent: 'Disfarçado pelo navegador',
    },
    graph: (name, now) => `${name} nos últimos dez minutos; agora ${now}`,
    rows: {
      path: 'Caminho até o servidor',
      server: 'Endereço',
      codec: 'Codec',
      sent: 'Enviado',
      received: 'Recebido',
      jitter: 'Jitter',
      buffer: 'Buffer do navegador',
      target: 'Buffer que o navegador quer',
      late: 'Pacotes que chegaram tarde',
      gaps: 'Falhas disfarçadas',
      encryption: 'Criptografia',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `Por um relay, ${transport.toUpperCase()}` : `Direto, ${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        'Pacotes seus se perdem a caminho do servidor, então os outros ouvem você com falhas. No Wi-Fi, chegue mais perto do roteador ou use um cabo.',
      loss_down:
        'Pacotes se perdem a caminho de você, então você ouve os outros com falhas. No Wi-Fi, chegue mais perto do roteador ou use um cabo.',
      busy_computer:
        'Todos os pacotes chegam, mas seu navegador toca com falhas: este computador está sobrecarregado. Feche outros programas e abas.',
      full_line: 'O atraso sobe e desce: outra coisa está usando sua conexão, como um download ou um backup.',
      far_away: 'O servidor está longe ou a conexão é lenta, então todos se ouvem com atraso.',
      no_udp: 'Sua rede bloqueia UDP, então o som vai por um caminho mais lento. Pacotes perdidos o atrasam mais.',
    },
  },

  settings: {
    title: 'Configurações',
    input: 'Microfone',
    output: 'Alto-falante',
    defaultDevice: 'Padrão do sistema',
    unnamed: (index) => `Dispositivo ${index + 1}`,
    chooseOutput: 'Escolher um alto-falante…',
    processing: 'Processamento de áudio',
    processingHint: 'Bom para voz. Para música, desative tudo e use fones de ouvido.',
    echoCancellation: 'Cancelamento de eco',
    suppression: 'Supressão de ruído',
    suppressions: { off: 'Desativada', browser: 'A do navegador', strong: 'Forte' },
    suppressionHints: {
      off: 'Tudo é enviado.',
      browser: 'Remove ruído constante.',
      strong: 'Remove também teclados e batidas. Exige mais do seu computador e atrasa você em 30 ms.',
    },
    inputGain: 'Volume do microfone',
    outputVolume: 'Volume do alto-falante',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: 'Seu navegador não consegue processar sua voz aqui, então ela é enviada como está.',
    autoGainControl: 'Controle automático de ganho',
    details: 'Conexão',
    noDetails: 'Ainda não há números.',
    figures: {
      rtt: 'Ida e volta',
      buffer: 'Buffer do navegador',
      jitter: 'Jitter',
      lossDown: 'Perda de pacotes até você',
      lossUp: 'Perda de pacotes até o servidor',
      concealed: 'Disfarçado pelo navegador',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable:
        'Não foi possível alcançar o servidor Mumble. Até ele voltar, as pessoas de lá e daqui não se ouvem.',
      full: 'O servidor Mumble está cheio. Até haver lugar, as pessoas de lá e daqui não se ouvem.',
      banned:
        'O servidor Mumble não deixa este servidor entrar por alguns minutos. Até lá, as pessoas de lá e daqui não se ouvem.',
      refused: 'O servidor Mumble não deixa este servidor entrar. Quem administra este servidor pode ajudar.',
    },
    shared: (name) =>
      `No Mumble ouvem você por meio de “${name}”, junto com outras pessoas, porque lá você não tem um usuário próprio.`,
    silenced: 'No Mumble não ouvem você: lá você não pode falar.',
    withheld:
      'Há alguém no canal do Mumble que não pode estar nesta sala. Até essa pessoa sair, nada é enviado para lá.',
  },
} satisfies LateTable;
