import type { LanguageTag } from '../locales/grammar.ts';

export interface SoundTexts {
  readonly title: string;
  readonly stop: string;
}

/** They are not among the texts of the languages, because few people see them. */
export const soundTexts: Readonly<Record<LanguageTag, SoundTexts>> = {
  en: { title: 'Sounds for everybody', stop: 'Stop sounds' },
  de: { title: 'Klänge für alle', stop: 'Klänge beenden' },
  es: { title: 'Sonidos para todos', stop: 'Detener sonidos' },
  fr: { title: 'Sons pour tout le monde', stop: 'Arrêter les sons' },
  'pt-BR': { title: 'Sons para todos', stop: 'Parar os sons' },
  ko: { title: '모두에게 들리는 소리', stop: '소리 멈추기' },
  ja: { title: '全員に聞こえる音', stop: '音を止める' },
  'zh-Hans': { title: '播放给所有人的声音', stop: '停止播放' },
  ar: { title: 'أصوات للجميع', stop: 'إيقاف الأصوات' },
};
