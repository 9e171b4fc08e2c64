import { pickedTag, strings, useLanguage } from './language.ts';
import { LANGUAGES } from './locales/languages.ts';

const texts = strings.language;

/** The language of the page. A new one is shown at once. */
export function LanguageMenu() {
  return (
    <label class="field language">
      <span class="field-label">{texts.title}</span>
      <select data-testid="language" value={pickedTag} onChange={(event) => useLanguage(event.currentTarget.value)}>
        <option value="">{texts.asBrowser}</option>
        {LANGUAGES.map(({ tag, name, isDraft }) => (
          <option key={tag} value={tag} lang={tag}>
            {isDraft ? texts.draft(name) : name}
          </option>
        ))}
      </select>
    </label>
  );
}
