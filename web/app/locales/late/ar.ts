// draft: no native speaker has reviewed it.

import { apart, seconds } from '../arabic.ts';
import { grammarOf } from '../grammar.ts';
import type { LateTable } from './en.ts';

const { percent, plural } = grammarOf('ar');

export const table = {
  check: {
    title: 'صوتك',
    microphone: 'اختبار الميكروفون',
    asking: 'أجب عن سؤال متصفحك',
    speak: 'قل شيئًا: يجب أن يتحرك الشريط. لا أحد يسمعك بعد.',
    hearMyself: 'الاستماع إلى نفسك',
    recording: 'قل شيئًا…',
    sound: 'تشغيل صوت تجريبي',
    playing: 'قيد التشغيل…',
  },

  everyone: {
    more: (people) => `أشخاص آخرون هنا: ${people}`,
    show: 'عرض الجميع',
    heading: 'هنا، لكن ليسوا في القائمة أعلاه',
    failed: 'تعذّر تحميلهم. حاول مرة أخرى.',
  },

  signIn: (provider: string) => `تسجيل الدخول عبر ${provider}`,

  overHttps: 'عبر HTTPS، مع تأخير أكبر قليلًا',

  shortcuts: {
    title: 'اختصارات لوحة المفاتيح',
    isOn: 'مفاتيح مفردة',
    actions: { mute: 'كتم', deafen: 'إيقاف السماع' },
    press: 'اضغط مفتاحًا',
    none: 'بلا',
    hint: 'تعمل ما دامت هذه الصفحة نشطة وأنت لا تكتب.',
  },

  files: {
    title: 'الملفات',
    send: 'إرسال ملف…',
    hint: 'ينتقل مباشرة من متصفحك إلى متصفحه. بعدها يعرف كل منكما عنوان الشبكة للآخر.',
    tooLarge: 'الملف كبير جدًا. الحد الأقصى 512 ميغابايت.',
    notLoaded: 'تعذّر إرسال الملف. حاول مرة أخرى.',
    from: (name) => `من ${name}`,
    to: (name) => `إلى ${name}`,
    offered: 'هل تريده؟ سيعرف المرسل عنوان شبكتك.',
    accept: 'قبول',
    refuse: 'رفض',
    cancel: 'إلغاء',
    save: 'حفظ',
    remove: 'إغلاق',
    progress: (file) => `مقدار ما وصل من ${file}`,
    status: {
      asking: 'بانتظار الرد',
      connecting: 'جارٍ الاتصال…',
      running: 'في الطريق',
      done: 'اكتمل',
      refused: 'مرفوض',
      cancelled: 'أُلغي',
      failed: 'فشل',
    },
  },

  share: {
    title: 'أصوات مشارَكة',
    hint: 'يسمعه الآخرون إلى جانب صوتك بصوت مجسّم، ويضبط كل منهم مستواه. لن تسمعه منهم.',
    tab: 'صوت علامة تبويب…',
    file: 'ملف صوتي…',
    musicOf: (name) => `موسيقى ${name}`,
    yours: 'تشاركه أنت',
    playing: 'يعمل',
    silent: 'صامت',
    removed: 'أوقف مشرف الصوت الذي كنت تشاركه.',
    failures: {
      no_sound: 'لم يكن فيه صوت. اختر علامة تبويب وحدّد مربع صوتها.',
      echo: 'سيحتوي على أصوات هذه الغرفة فتسمع نفسها. شارك علامة تبويب بدلًا من ذلك.',
      unplayable: 'لا يستطيع متصفحك تشغيل هذا الملف.',
      unsupported: 'لا يستطيع متصفحك مشاركة الصوت هنا.',
    },
  },

  chat: {
    close: 'إغلاق',
    write: 'اكتب رسالة',
    editing: 'عدّل رسالتك',
    send: 'إرسال',
    save: 'حفظ',
    edit: 'تعديل',
    edited: 'معدّلة',
    delete: 'حذف',
    attach: 'إرفاق',
    attachHint: (size, minutes) => `ملفات حتى ${size}. تُحفظ ${minutes} دقيقة كحد أقصى، في الذاكرة فقط.`,
    fileGone: (name) => `لم يعد ${name} محفوظًا.`,
    picture: (name) => `صورة ${name}`,
    privately: 'خاصة',
    to: 'إلى',
    everyone: 'إلى الجميع',
    only: (name) => `إلى ${apart(name)} فقط`,
    mention: 'أشخاص للإشارة إليهم',
    slowMode: 'الوضع البطيء',
    slowModeOff: 'متوقف',
    seconds: (count) => (count < 60 ? `${count} ث` : `${Math.round(count / 60)} د`),
    slow: (count) => `الوضع البطيء: رسالة واحدة كل ${seconds(count)}.`,
    mayNot: 'يمكنك القراءة هنا لا الكتابة.',
    kept: (lines, hours) => {
      if (lines === 0) return 'لا تُحفظ الرسائل. من ينضم لاحقًا لا يراها.';
      const kept = plural(lines, {
        zero: 'آخر # رسالة',
        one: 'آخر رسالة',
        two: 'آخر رسالتين',
        few: 'آخر # رسائل',
        many: 'آخر # رسالة',
        other: 'آخر # رسالة',
      });
      const time = plural(hours, {
        zero: '# ساعة',
        one: 'ساعة واحدة',
        two: 'ساعتان',
        few: '# ساعات',
        many: '# ساعة',
        other: '# ساعة',
      });
      return `تُحفظ ${kept} لمدة أقصاها ${time}، وحتى يغادر الجميع.`;
    },
  },

  stats: {
    open: 'عرض الإحصاءات',
    notLoaded: 'تعذر تحميل الإحصاءات. أعد المحاولة.',
    title: 'اتصالك',
    copy: 'نسخ لتقرير عن خلل',
    copied: 'نُسخ',
    copyYourself: 'لا يسمح متصفحك لهذه الصفحة بالنسخ. انسخ النص بنفسك:',
    graphs: {
      rttMs: 'زمن الذهاب والإياب',
      lossDownPercent: 'فقد الحزم إليك',
      lossUpPercent: 'فقد الحزم إلى الخادم',
      concealedPercent: 'ما عوّضه المتصفح',
    },
    graph: (name, now) => `${name} في آخر عشر دقائق؛ الآن ${apart(now)}`,
    rows: {
      path: 'الطريق إلى الخادم',
      server: 'العنوان',
      codec: 'الترميز',
      sent: 'المرسل',
      received: 'المستلم',
      jitter: 'التذبذب',
      buffer: 'المخزّن في المتصفح',
      target: 'ما يريد المتصفح تخزينه',
      late: 'حزم وصلت متأخرة',
      gaps: 'فجوات عُوّضت',
      encryption: 'التشفير',
    },
    path: ({ kind, transport }) =>
      kind === 'relay' ? `عبر مرحّل، ${transport.toUpperCase()}` : `مباشر، ${transport.toUpperCase()}`,
    kilobits: (value) => (value === null ? '–' : `${Math.round(value)} كيلوبت/ث`),
    findings: {
      loss_up:
        'تضيع حزم منك في الطريق إلى الخادم، فيسمعك الآخرون متقطعًا. إن كنت على شبكة Wi-Fi فاقترب من نقطة الوصول أو استخدم كابلًا.',
      loss_down:
        'تضيع حزم في الطريق إليك، فتسمع الآخرين متقطعين. إن كنت على شبكة Wi-Fi فاقترب من نقطة الوصول أو استخدم كابلًا.',
      busy_computer:
        'تصل كل الحزم، لكن متصفحك يشغّل الصوت متقطعًا: هذا الحاسوب مشغول. أغلق البرامج وعلامات التبويب الأخرى.',
      full_line: 'يتأرجح التأخير صعودًا وهبوطًا: شيء آخر يستخدم خطك، كتنزيل أو نسخ احتياطي.',
      far_away: 'الخادم بعيد أو الخط بطيء، فيسمع الجميع بعضهم متأخرين.',
      no_udp: 'تحجب شبكتك UDP، فيسلك الصوت طريقًا أبطأ. والحزم الضائعة تؤخره أكثر.',
    },
  },

  settings: {
    title: 'الإعدادات',
    input: 'الميكروفون',
    output: 'السماعة',
    defaultDevice: 'افتراضي النظام',
    unnamed: (index) => `الجهاز ${index + 1}`,
    chooseOutput: 'اختيار سماعة…',
    processing: 'معالجة الصوت',
    processingHint: 'مناسبة للكلام. للموسيقى أوقف كل شيء واستخدم سماعات الرأس.',
    echoCancellation: 'إلغاء الصدى',
    suppression: 'خفض الضوضاء',
    suppressions: { off: 'متوقف', browser: 'الخاص بالمتصفح', strong: 'قوي' },
    suppressionHints: {
      off: 'يُرسل كل شيء.',
      browser: 'يزيل الضوضاء الثابتة.',
      strong: 'يزيل أيضًا أصوات لوحات المفاتيح والطرق. يستهلك من حاسوبك أكثر ويؤخر صوتك 30 مللي ثانية.',
    },
    inputGain: 'مستوى صوت الميكروفون',
    outputVolume: 'مستوى صوت السماعة',
    decibels: (value) => apart(`${value > 0 ? '+' : ''}${value} dB`),
    bypassed: 'لا يستطيع متصفحك معالجة صوتك هنا، لذا يُرسل كما هو.',
    autoGainControl: 'ضبط تلقائي للمستوى',
    details: 'الاتصال',
    noDetails: 'لا أرقام بعد.',
    figures: {
      rtt: 'زمن الذهاب والإياب',
      buffer: 'المخزّن في المتصفح',
      jitter: 'التذبذب',
      lossDown: 'فقد الحزم إليك',
      lossUp: 'فقد الحزم إلى الخادم',
      concealed: 'ما عوّضه المتصفح',
    },
    milliseconds: (value) => (value === null ? '–' : `${Math.round(value)} مللي ثانية`),
    percent: (value) => (value === null ? '–' : percent(value / 100, 1)),
  },

  mumble: {
    awayReasons: {
      unreachable: 'تعذّر الوصول إلى خادم Mumble. لن يسمع من هناك ومن هنا بعضهم بعضًا حتى يعود.',
      full: 'خادم Mumble ممتلئ. لن يسمع من هناك ومن هنا بعضهم بعضًا حتى يتوفر مكان.',
      banned: 'لا يسمح خادم Mumble لهذا الخادم بالدخول لبضع دقائق. حتى ذلك الحين لن يسمع من هناك ومن هنا بعضهم بعضًا.',
      refused: 'لا يسمح خادم Mumble لهذا الخادم بالدخول. يمكن لمن يدير هذا الخادم المساعدة.',
    },
    shared: (name) => `يسمعك من على Mumble عبر «${name}» مع آخرين، لأنه ليس لك مستخدم خاص هناك.`,
    silenced: 'لا يسمعك من على Mumble: لا يُسمح لك بالكلام هناك.',
    withheld: 'في قناة Mumble شخص لا يُسمح له بدخول هذه الغرفة. لن يُرسل شيء إلى هناك حتى يغادر.',
  },
} satisfies LateTable;
