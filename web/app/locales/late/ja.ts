// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('ja');

export const table = {
  check: {
    title: '音の確認',
    microphone: 'マイクをテスト',
    asking: 'ブラウザーの確認に答えてください',
    speak: '何か話してください。バーが動けば大丈夫です。まだ誰にも聞こえません。',
    hearMyself: '自分の声を聞く',
    recording: '何か話してください…',
    sound: 'テスト音を再生',
    playing: '再生中…',
  },

  everyone: {
    more: (people) => `ほかに${people}人います`,
    show: '全員を表示',
    heading: '上の一覧にない参加者',
    failed: '読み込めませんでした。もう一度お試しください。',
  },

  signIn: (provider: string) => `${provider} でログイン`,

  overHttps: 'HTTPS 経由のため少し遅れます',

  shortcuts: {
    title: 'キーボードショートカット',
    isOn: '1 つのキーで操作',
    actions: { mute: 'ミュート', deafen: 'スピーカーオフ' },
    press: 'キーを押す',
    none: 'なし',
    hint: 'このページが選択されていて、文字を入力していないときに使えます。',
  },

  files: {
    title: 'ファイル',
    send: 'ファイルを送る…',
    hint: 'あなたのブラウザーから相手のブラウザーへ直接送られます。お互いのネットワークアドレスが分かります。',
    tooLarge: 'ファイルが大きすぎます。512 MBまで送れます。',
    notLoaded: 'ファイルを送れませんでした。もう一度お試しください。',
    from: (name) => `${name}さんから`,
    to: (name) => `${name}さんへ`,
    offered: '受け取りますか？あなたのネットワークアドレスが相手に伝わります。',
    accept: '受け取る',
    refuse: '断る',
    cancel: '中止',
    save: '保存',
    remove: '閉じる',
    progress: (file) => `${file}の受信状況`,
    status: {
      asking: '返事待ち',
      connecting: '接続中…',
      running: '転送中',
      done: '完了',
      refused: '断られました',
      cancelled: '中止しました',
      failed: '失敗しました',
    },
  },

  share: {
    title: '共有中の音',
    hint: 'ほかの人には声とは別にステレオで聞こえ、それぞれが音量を調節します。自分には返ってきません。',
    tab: 'タブの音…',
    file: '音声ファイル…',
    musicOf: (name) => `${name} さんの音楽`,
    yours: '自分が共有中',
    playing: '再生中',
    silent: '無音',
    removed: 'モデレーターがあなたの共有していた音を止めました。',
    failures: {
      no_sound: '音がありませんでした。タブを選び、音声の欄にチェックを入れてください。',
      echo: 'このルームの声が入り、自分の声が返ってきます。代わりにタブを共有してください。',
      unplayable: 'ブラウザーがこのファイルを再生できません。',
      unsupported: 'このブラウザーではここで音を共有できません。',
    },
  },

  chat: {
    close: '閉じる',
    write: 'メッセージを入力',
    editing: 'メッセージを編集',
    send: '送信',
    save: '保存',
    edit: '編集',
    edited: '編集済み',
    delete: '削除',
    attach: '添付',
    attachHint: (size, minutes) => `${size} までのファイル。メモリ内にのみ、最長 ${minutes} 分保管されます。`,
    fileGone: (name) => `${name} はもう保管されていません。`,
    picture: (name) => `画像 ${name}`,
    privately: '個別',
    to: '宛先',
    everyone: '全員へ',
    only: (name) => `${name}さんだけへ`,
    mention: 'メンションする人',
    slowMode: '低速モード',
    slowModeOff: 'オフ',
    seconds: (seconds) => (seconds < 60 ? `${seconds} 秒` : `${Math.round(seconds / 60)} 分`),
    slow: (seconds) => `低速モード：${seconds} 秒に 1 件まで。`,
    mayNot: 'ここでは読めますが、書き込めません。',
    kept: (lines, hours) =>
      lines === 0
        ? 'メッセージは保存されません。あとから参加した人には見えません。'
        : `最新の ${lines} 件を、最長 ${hours} 時間、全員が退出するまで保存します。`,
  },

  stats: {
    open: '統計を表示',
    notLoaded: '統計を読み込めませんでした。もう一度お試しください。',
    title: '接続の状態',
    copy: '不具合報告用にコピー',
    copied: 'コピーしました',
    copyYourself: 'ブラウザーがコピーを許可していません。文章を自分でコピーしてください：',
    graphs: {
      rttMs: '往復時間',
      lossDownPercent: '受信のパケット損失',
      lossUpPercent: '送信のパケット損失',
      concealedPercent: 'ブラウザーが補った音',
    },
    graph: (name, now) => `過去 10 分間の${name}、現在 ${now}`,
    rows: {
      path: 'サーバーまでの経路',
      server: 'アドレス',
      codec: 'コーデック',
      sent: '送信',
      received: '受信',
      jitter: 'ジッター',
      buffer: 'ブラウザーのバッファー',
      target: 'ブラウザーの目標バッファー',
      late: '遅れて届いたパケット',
      gaps: '補った途切れ',
      encryption: '暗号化',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `リレー経由、${transport.toUpperCase()}` : `直接、${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up:
        'サーバーへ送るパケットが失われ、あなたの声が途切れて聞こえています。Wi-Fi なら、アクセスポイントに近づくか、ケーブルを使ってください。',
      loss_down:
        'あなたに届くパケットが失われ、ほかの人の声が途切れて聞こえています。Wi-Fi なら、アクセスポイントに近づくか、ケーブルを使ってください。',
      busy_computer:
        'パケットは全部届いていますが、ブラウザーの音が途切れています。パソコンが混み合っています。ほかのプログラムやタブを閉じてください。',
      full_line: '遅延が大きく変動しています。ダウンロードやバックアップなどが回線を使っています。',
      far_away: 'サーバーが遠いか、回線が遅いため、お互いの声が遅れて聞こえます。',
      no_udp: 'ネットワークが UDP を止めているため、音声は遅い経路を通ります。パケットが失われるとさらに遅れます。',
    },
  },

  settings: {
    title: '設定',
    input: 'マイク',
    output: 'スピーカー',
    defaultDevice: 'システムの既定',
    unnamed: (index) => `デバイス ${index + 1}`,
    chooseOutput: 'スピーカーを選ぶ…',
    processing: '音声処理',
    processingHint: '会話に向いています。音楽の場合はすべてオフにして、ヘッドホンを使ってください。',
    echoCancellation: 'エコーキャンセル',
    suppression: 'ノイズ抑制',
    suppressions: { off: 'オフ', browser: 'ブラウザーの機能', strong: '強力' },
    suppressionHints: {
      off: 'すべての音を送ります。',
      browser: '一定の雑音を取り除きます。',
      strong: 'キーボードや物音も取り除きます。パソコンの負荷が増え、声が 30 ms 遅れます。',
    },
    inputGain: 'マイクの音量',
    outputVolume: 'スピーカーの音量',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: 'このブラウザーでは声を処理できないため、そのまま送られます。',
    autoGainControl: '自動音量調整',
    details: '接続',
    noDetails: 'まだ数値がありません。',
    figures: {
      rtt: '往復時間',
      buffer: 'ブラウザーのバッファー',
      jitter: 'ジッター',
      lossDown: '受信のパケット損失',
      lossUp: '送信のパケット損失',
      concealed: 'ブラウザーが補った音',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable: 'Mumble サーバーにつながりません。戻るまで、あちらとこちらの人の声は互いに聞こえません。',
      full: 'Mumble サーバーは満員です。空きができるまで、あちらとこちらの人の声は互いに聞こえません。',
      banned:
        'Mumble サーバーは数分間、このサーバーの接続を受け付けません。それまで、あちらとこちらの人の声は互いに聞こえません。',
      refused: 'Mumble サーバーがこのサーバーの接続を拒否しています。このサーバーの管理者に連絡してください。',
    },
    shared: (name) => `Mumble では、あなた専用のユーザーがないため、ほかの人と一緒に「${name}」として聞こえています。`,
    silenced: 'Mumble ではあなたの声は聞こえません。あちらで話す権限がありません。',
    withheld: 'Mumble のチャンネルに、このルームに入れない人がいます。その人が出るまで、あちらには何も送られません。',
  },
} satisfies LateTable;
