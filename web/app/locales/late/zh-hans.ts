// draft: no native speaker has reviewed it.

import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent } = grammarOf('zh-Hans');

export const table = {
  check: {
    title: '你的声音',
    microphone: '测试麦克风',
    asking: '请回答浏览器的询问',
    speak: '说点什么，音量条应该会动。现在还没有人能听到你。',
    hearMyself: '听听自己',
    recording: '说点什么…',
    sound: '播放测试音',
    playing: '正在播放…',
  },

  everyone: {
    more: (people) => `还有 ${people} 人在这里`,
    show: '显示所有人',
    heading: '在这里,但不在上面的列表中',
    failed: '无法加载。请重试。',
  },

  signIn: (provider: string) => `使用 ${provider} 登录`,

  overHttps: '通过 HTTPS 传输，延迟稍大',

  shortcuts: {
    title: '键盘快捷键',
    isOn: '单个按键',
    actions: { mute: '静音', deafen: '拒听' },
    press: '按一个键',
    none: '无',
    hint: '此页面处于焦点且你没有在输入时有效。',
  },

  files: {
    title: '文件',
    send: '发送文件…',
    hint: '文件直接从你的浏览器传到对方的浏览器。之后双方都会知道对方的网络地址。',
    tooLarge: '文件太大，不能超过 512 兆字节。',
    notLoaded: '无法发送文件，请重试。',
    from: (name) => `来自 ${name}`,
    to: (name) => `发给 ${name}`,
    offered: '要接收吗？对方会知道你的网络地址。',
    accept: '接收',
    refuse: '拒绝',
    cancel: '取消',
    save: '保存',
    remove: '关闭',
    progress: (file) => `${file} 的接收进度`,
    status: {
      asking: '等待对方答复',
      connecting: '正在连接…',
      running: '传输中',
      done: '已完成',
      refused: '已拒绝',
      cancelled: '已取消',
      failed: '失败',
    },
  },

  share: {
    title: '共享的声音',
    hint: '其他人会在你的声音之外以立体声听到它，并各自调节音量。你不会从他们那里听到它。',
    tab: '标签页的声音…',
    file: '音频文件…',
    musicOf: (name) => `${name} 的音乐`,
    yours: '由你共享',
    playing: '播放中',
    silent: '无声',
    removed: '管理员停止了你共享的声音。',
    failures: {
      no_sound: '其中没有声音。请选择一个标签页，并勾选共享其声音。',
      echo: '其中会有此房间的语音，他们会听到自己。请改为共享标签页。',
      unplayable: '你的浏览器无法播放此文件。',
      unsupported: '你的浏览器无法在此共享声音。',
    },
  },

  chat: {
    close: '关闭',
    write: '输入消息',
    editing: '修改消息',
    send: '发送',
    save: '保存',
    edit: '编辑',
    edited: '已编辑',
    delete: '删除',
    attach: '附件',
    attachHint: (size, minutes) => `文件最大 ${size}。最多保留 ${minutes} 分钟，仅在内存中。`,
    fileGone: (name) => `${name} 已不再保留。`,
    picture: (name) => `图片 ${name}`,
    privately: '私聊',
    to: '发给',
    everyone: '发给所有人',
    only: (name) => `只发给 ${name}`,
    mention: '可提及的人',
    slowMode: '慢速模式',
    slowModeOff: '关',
    seconds: (seconds) => (seconds < 60 ? `${seconds} 秒` : `${Math.round(seconds / 60)} 分钟`),
    slow: (seconds) => `慢速模式：每 ${seconds} 秒一条消息。`,
    mayNot: '你在这里可以阅读，但不能发言。',
    kept: (lines, hours) =>
      lines === 0
        ? '消息不会保留。之后加入的人看不到。'
        : `最近 ${lines} 条消息最多保留 ${hours} 小时，所有人离开后即删除。`,
  },

  stats: {
    open: '显示统计信息',
    notLoaded: '无法加载统计信息。请重试。',
    title: '你的连接',
    copy: '复制用于错误报告',
    copied: '已复制',
    copyYourself: '浏览器不允许此页面复制。请自行复制文字：',
    graphs: {
      rttMs: '往返时间',
      lossDownPercent: '接收丢包率',
      lossUpPercent: '发送丢包率',
      concealedPercent: '浏览器补偿的声音',
    },
    graph: (name, now) => `最近十分钟的${name}；现在 ${now}`,
    rows: {
      path: '到服务器的路径',
      server: '地址',
      codec: '编解码器',
      sent: '已发送',
      received: '已接收',
      jitter: '抖动',
      buffer: '浏览器缓冲',
      target: '浏览器期望的缓冲',
      late: '迟到的数据包',
      gaps: '已补偿的间断',
      encryption: '加密',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `经由中继，${transport.toUpperCase()}` : `直连，${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} kbit/s`),
    findings: {
      loss_up: '你发往服务器的数据包有丢失，所以别人听你断断续续。使用 Wi-Fi 时，请靠近接入点或改用网线。',
      loss_down: '发给你的数据包有丢失，所以你听别人断断续续。使用 Wi-Fi 时，请靠近接入点或改用网线。',
      busy_computer: '数据包全部到达，但浏览器播放有间断：这台电脑太忙了。请关闭其他程序和标签页。',
      full_line: '延迟忽高忽低：有别的东西在占用你的线路，例如下载或备份。',
      far_away: '服务器很远或线路很慢，所以大家听到彼此都有延迟。',
      no_udp: '你的网络阻止了 UDP，所以声音走较慢的路径。丢包会让它更慢。',
    },
  },

  settings: {
    title: '设置',
    input: '麦克风',
    output: '扬声器',
    defaultDevice: '系统默认',
    unnamed: (index) => `设备 ${index + 1}`,
    chooseOutput: '选择扬声器…',
    processing: '音频处理',
    processingHint: '适合说话。播放音乐时请全部关闭，并戴上耳机。',
    echoCancellation: '回声消除',
    suppression: '噪声抑制',
    suppressions: { off: '关', browser: '浏览器自带', strong: '强力' },
    suppressionHints: {
      off: '发送所有声音。',
      browser: '去除持续的噪声。',
      strong: '还能去除键盘声和碰撞声。会占用更多电脑资源，并让你的声音延迟 30 ms。',
    },
    inputGain: '麦克风音量',
    outputVolume: '扬声器音量',
    decibels: (value) => `${value > 0 ? '+' : ''}${value} dB`,
    bypassed: '浏览器无法在这里处理你的声音，因此原样发送。',
    autoGainControl: '自动增益控制',
    details: '连接',
    noDetails: '还没有数据。',
    figures: {
      rtt: '往返时间',
      buffer: '浏览器缓冲',
      jitter: '抖动',
      lossDown: '接收丢包率',
      lossUp: '发送丢包率',
      concealed: '浏览器补偿的声音',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} ms`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable: '无法连接 Mumble 服务器。在它恢复之前，那边和这边的人互相听不到。',
      full: 'Mumble 服务器已满。在有空位之前，那边和这边的人互相听不到。',
      banned: 'Mumble 服务器在几分钟内不允许本服务器连接。在此之前，那边和这边的人互相听不到。',
      refused: 'Mumble 服务器拒绝本服务器连接。请联系本服务器的管理员。',
    },
    shared: (name) => `你在 Mumble 上没有自己的用户，那边的人通过“${name}”听到你和其他人的声音。`,
    silenced: 'Mumble 上的人听不到你：你在那边没有发言权限。',
    withheld: 'Mumble 频道里有一个不能进入本房间的人。在其离开之前，不会向那边发送任何内容。',
  },
} satisfies LateTable;
