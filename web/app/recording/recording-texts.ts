import type { LanguageTag } from '../locales/grammar.ts';

export interface RecordingTexts {
  readonly start: string;
  readonly stop: string;
  readonly why: string;
  readonly agree: string;
}

/** They are not among the texts of the languages, because few people see them. */
export const recordingTexts: Readonly<Record<LanguageTag, RecordingTexts>> = {
  en: {
    start: 'Record the room',
    stop: 'Stop recording',
    why: 'Nobody hears you until you agree to be recorded.',
    agree: 'I agree',
  },
  de: {
    start: 'Raum aufzeichnen',
    stop: 'Aufzeichnung beenden',
    why: 'Niemand hört dich, bis du der Aufzeichnung zustimmst.',
    agree: 'Ich stimme zu',
  },
  es: {
    start: 'Grabar la sala',
    stop: 'Detener la grabación',
    why: 'Nadie te oye hasta que aceptes que se te grabe.',
    agree: 'Acepto',
  },
  fr: {
    start: 'Enregistrer le salon',
    stop: 'Arrêter l’enregistrement',
    why: 'Personne ne t’entend tant que tu n’as pas accepté d’être enregistré.',
    agree: 'J’accepte',
  },
  'pt-BR': {
    start: 'Gravar a sala',
    stop: 'Parar a gravação',
    why: 'Ninguém ouve você até que você aceite ser gravado.',
    agree: 'Aceito',
  },
  ko: {
    start: '방 녹음하기',
    stop: '녹음 끝내기',
    why: '녹음에 동의할 때까지 아무도 내 목소리를 들을 수 없어요.',
    agree: '동의해요',
  },
  ja: {
    start: 'ルームを録音',
    stop: '録音を終了',
    why: '録音に同意するまで、あなたの声は誰にも聞こえません。',
    agree: '同意する',
  },
  'zh-Hans': {
    start: '录制房间',
    stop: '停止录音',
    why: '在你同意录音之前，没有人能听到你。',
    agree: '我同意',
  },
  ar: {
    start: 'تسجيل الغرفة',
    stop: 'إيقاف التسجيل',
    why: 'لن يسمعك أحد حتى توافق على التسجيل.',
    agree: 'أوافق',
  },
};
