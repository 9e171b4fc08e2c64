export function beginGroup(): void;
export function isGroup(): boolean;
export function atGroupEnd(end: () => Promise<unknown>): void;
export function endGroup(): Promise<void>;
