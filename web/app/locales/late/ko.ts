// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('ko');

export const table = {
  check: {
    title: '내 소리',
    microphone: '마이크 테스트',
    asking: '브라우저의 질문에 답해 주세요',
    speak: '말해 보세요. 막대가 움직여야 해요. 아직 아무도 듣지 못해요.',
    hearMyself: '내 목소리 듣기',
    recording: '말해 보세요…',
    sound: '테스트 소리 재생',
    playing: '재생 중…',
  },

  everyone: {
    more: (people) => `${people}명이 더 있어요`,
    show: '모두 보기',
    heading: '위 목록에 없는 사람',
    failed: '불러오지 못했어요. 다시 시도해 주세요.',
  },

  signIn: (provider: string) => `${provider}로 로그인`,

  overHttps: 'HTTPS로 연결되어 조금 늦게 들려요',

  shortcuts: {
    title: '단축키',
    isOn: '한 글자 단축키',
    actions: { mute: '음소거', deafen: '소리 끄기' },
    press: '키를 누르세요',
    none: '없음',
    hint: '이 페이지가 선택되어 있고 글을 입력하지 않을 때 작동해요.',
  },

  files: {
    title: '파일',
    send: '파일 보내기…',
    hint: '내 브라우저에서 상대 브라우저로 바로 보내요. 서로의 네트워크 주소를 알게 돼요.',
    tooLarge: '파일이 너무 커요. 최대 512MB까지 보낼 수 있어요.',
    notLoaded: '파일을 보낼 수 없어요. 다시 시도해 주세요.',
    from: (name) => `${name} 님이 보냄`,
    to: (name) => `${name} 님에게`,
    offered: '받을까요? 상대가 내 네트워크 주소를 알게 돼요.',
    accept: '받기',
    refuse: '거절',
    cancel: '취소',
    save: '저장',
    remove: '닫기',
    progress: (file) => `${file} 받은 정도`,
    status: {
      asking: '응답을 기다리는 중',
      connecting: '연결 중…',
      running: '전송 중',
      done: '완료',
      refused: '거절됨',
      cancelled: '취소됨',
      failed: '실패',
    },
  },

  share: {
    title: '공유 중인 소리',
    hint: '다른 사람들은 내 목소리와 별도로 스테레오로 듣고, 각자 음량을 조절합니다. 나에게는 되돌아오지 않습니다.',
    tab: '탭의 소리…',
    file: '오디오 파일…',
    musicOf: (name) => `${name} 님의 음악`,
    yours: '내가 공유함',
    playing: '재생 중',
    silent: '조용함',
    removed: '관리자가 내가 공유하던 소리를 중지했습니다.',
    failures: {
      no_sound: '소리가 없었습니다. 탭을 고르고 탭 소리 상자를 선택해 주세요.',
      echo: '이 방의 목소리가 들어가서 자기 목소리를 듣게 됩니다. 대신 탭을 공유해 주세요.',
      unplayable: '브라우저가 이 파일을 재생할 수 없습니다.',
      unsupported: '이 브라우저는 여기에서 소리를 공유할 수 없습니다.',
    },
  },

  chat: {
    close: '닫기',
    write: '메시지 입력',
    editing: '메시지 수정',
    send: '보내기',
    save: '저장',
    edit: '수정',
    edited: '수정됨',
    delete: '삭제',
    attach: '첨부',
    attachHint: (size, minutes) => `최대 ${size}의 파일. 메모리에만 최대 ${minutes}분 동안 보관됩니다.`,
    fileGone: (name) => `${name} 파일은 더 이상 보관되지 않습니다.`,
    picture: (name) => `사진 ${name}`,
    privately: '비공개',
    to: '받는 사람',
    everyone: '모두에게',
    only: (name) => `${name} 님에게만`,
    mention: '언급할 사람',
    slowMode: '저속 모드',
    slowModeOff: '끔',
    seconds: (seconds) => (seconds < 60 ? `${seconds}초` : `${Math.round(seconds / 60)}분`),
    slow: (seconds) => `저속 모드: ${seconds}초에 메시지 하나씩.`,
    mayNot: '여기서는 읽을 수만 있고 쓸 수는 없어요.',
    kept: (lines, hours) =>
      lines === 0
        ? '메시지는 보관되지 않아요. 나중에 들어온 사람은 볼 수 없어요.'
        : `최근 메시지 ${lines}개를 최대 ${hours}시간, 모두 나갈 때까지 보관해요.`,
  },

  stats: {
    open: '통계 보기',
    notLoaded: '통계를 불러오지 못했어요. 다시 시도해 주세요.',
    title: '내 연결',
    copy: '오류 신고용으로 복사',
    copied: '복사됨',
    copyYourself: '브라우저가 복사를 허용하지 않아요. 글을 직접 복사해 주세요:',
    graphs: {
      rttMs: '왕복 시간',
      lossDownPercent: '받는 쪽 패킷 손실',
      lossUpPercent: '보내는 쪽 패킷 손실',
      concealedPercent: '브라우저가 메운 소리',
    },
    graph: (name, now) => `최근 10분 동안의 ${name}, 지금 ${now}`,
    rows: {
      path: '서버까지의 경로',
      server: '주소',
      codec: '코덱',
      sent: '보냄',
      received: '받음',
      jitter: '지터',
      buffer: '브라우저 버퍼',
      target: '브라우저가 원하는 버퍼',
      late: '늦게 온 패킷',
      gaps: '메운 끊김',
      encryption: '암호화',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `릴레이 경유, ${transport.toUpperCase()}` : `직접 연결, ${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        '서버로 보내는 패킷이 사라져서 다른 사람에게 내 목소리가 끊겨 들려요. Wi-Fi라면 공유기에 가까이 가거나 유선을 써 보세요.',
      loss_down:
        '나에게 오는 패킷이 사라져서 다른 사람의 목소리가 끊겨 들려요. Wi-Fi라면 공유기에 가까이 가거나 유선을 써 보세요.',
      busy_computer:
        '패킷은 모두 오지만 브라우저 소리가 끊겨요. 컴퓨터가 바쁜 것 같아요. 다른 프로그램과 탭을 닫아 보세요.',
      full_line: '지연이 오르내려요. 다운로드나 백업 같은 다른 작업이 회선을 쓰고 있어요.',
      far_away: '서버가 멀거나 회선이 느려서 서로의 목소리가 늦게 들려요.',
      no_udp: '네트워크가 UDP를 막아서 소리가 더 느린 길로 가요. 패킷이 사라지면 더 늦어져요.',
    },
  },

  settings: {
    title: '설정',
    input: '마이크',
    output: '스피커',
    defaultDevice: '시스템 기본값',
    unnamed: (index) => `장치 ${index + 1}`,
    chooseOutput: '스피커 고르기…',
    processing: '오디오 처리',
    processingHint: '말소리에 좋아요. 음악을 들려줄 때는 모두 끄고 헤드폰을 쓰세요.',
    echoCancellation: '에코 제거',
    suppression: '소음 제거',
    suppressions: { off: '끔', browser: '브라우저 기능', strong: '강하게' },
    suppressionHints: {
      off: '모든 소리를 보내요.',
      browser: '일정한 소음을 없애요.',
      strong: '키보드 소리와 달그락거리는 소리도 없애요. 컴퓨터를 더 쓰고 30 ms 늦어져요.',
    },
    inputGain: '마이크 음량',
    outputVolume: '스피커 음량',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: '이 브라우저는 목소리를 처리할 수 없어서 그대로 보내요.',
    autoGainControl: '음량 자동 조절',
    details: '연결',
    noDetails: '아직 수치가 없어요.',
    figures: {
      rtt: '왕복 시간',
      buffer: '브라우저 버퍼',
      jitter: '지터',
      lossDown: '받는 쪽 패킷 손실',
      lossUp: '보내는 쪽 패킷 손실',
      concealed: '브라우저가 메운 소리',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable: 'Mumble 서버에 연결할 수 없습니다. 다시 연결될 때까지 그쪽과 이쪽 사람은 서로 들을 수 없습니다.',
      full: 'Mumble 서버가 가득 찼습니다. 자리가 날 때까지 그쪽과 이쪽 사람은 서로 들을 수 없습니다.',
      banned:
        'Mumble 서버가 몇 분 동안 이 서버의 접속을 막고 있습니다. 그때까지 그쪽과 이쪽 사람은 서로 들을 수 없습니다.',
      refused: 'Mumble 서버가 이 서버의 접속을 거부합니다. 이 서버의 운영자에게 문의하세요.',
    },
    shared: (name) => `Mumble에는 내 사용자가 따로 없어서, 다른 사람들과 함께 “${name}”(으)로 들립니다.`,
    silenced: 'Mumble에서는 내 목소리가 들리지 않습니다. 그쪽에서 말할 권한이 없습니다.',
    withheld:
      'Mumble 채널에 이 방에 들어올 수 없는 사람이 있습니다. 그 사람이 나갈 때까지 그쪽으로 아무것도 보내지 않습니다.',
  },
} satisfies LateTable;
