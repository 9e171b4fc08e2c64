import { signal } from '@preact/signals';
import type { FileChannel, FileChannelEvents } from './file-channel.ts';
import { type FileMessage, fileName, MAX_FILE_BYTES, parseFileMessage } from './peer-messages.ts';

export type TransferStatus =
  /** Whoever should receive it is asked. */
  'asking' | 'connecting' | 'running' | 'done' | 'refused' | 'cancelled' | 'failed';

export interface Transfer {
  readonly id: string;
  /** The id and the name of the other person. */
  readonly personId: string;
  readonly personName: string;
  readonly isIncoming: boolean;
  readonly fileName: string;
  readonly size: number;
  readonly status: TransferStatus;
  /** From 0 to 1. */
  readonly progress: number;
  /** What was received, to be saved. */
  readonly url: string | null;
}

/** What transfers need of the room and the browser; tests have their own. */
export interface TransferOptions {
  readonly send: (personId: string, message: FileMessage) => Promise<void>;
  /** Undefined if the person is not in the room. */
  readonly nameOf: (personId: string) => string | undefined;
  readonly openChannel: (events: FileChannelEvents) => Pick<FileChannel, 'offer' | 'answer' | 'accept' | 'close'>;
  readonly createId: () => string;
}

interface Open {
  transfer: Transfer;
  readonly file: Blob | null;
  channel: ReturnType<TransferOptions['openChannel']> | null;
}

const ENDED: ReadonlySet<TransferStatus> = new Set(['done', 'refused', 'cancelled', 'failed']);
/** Beyond these, offers are refused without a question: nobody is flooded with them. */
const MAX_ASKING_OF_PERSON = 3;
const MAX_LISTED = 20;

/** Files between this browser and others in the room, directly. */
export class Transfers {
  /** Newest first. */
  readonly list = signal<readonly Transfer[]>([]);
  readonly #options: TransferOptions;
  readonly #open = new Map<string, Open>();

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  /** Offers a file. Returns false if it is too large. */
  offer(personId: string, file: File): boolean {
    if (file.size > MAX_FILE_BYTES) return false;
    const [id, name] = [this.#options.createId(), fileName(file.name)];
    this.#add({ id, personId, isIncoming: false, fileName: name, size: file.size }, file);
    this.#tell(id, { kind: 'offer', transfer: id, name, size: file.size });
    return true;
  }

  accept(id: string): void {
    if (this.#change(id, ['asking'], { status: 'connecting' })) this.#tell(id, { kind: 'accept', transfer: id });
  }

  refuse(id: string): void {
    if (this.#change(id, ['asking'], { status: 'refused' })) this.#tell(id, { kind: 'refuse', transfer: id });
  }

  cancel(id: string): void {
    if (this.#change(id, ['asking', 'connecting', 'running'], { status: 'cancelled' }))
      this.#tell(id, { kind: 'cancel', transfer: id });
  }

  /** No longer shows one that has ended, and frees what was received. */
  remove(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined || !ENDED.has(open.transfer.status)) return;
    if (open.transfer.url !== null) URL.revokeObjectURL(open.transfer.url);
    this.#open.delete(id);
    this.#show();
  }

  /** A message of another page. */
  receive(personId: string, payload: unknown): void {
    const message = parseFileMessage(payload);
    if (message === null) return;
    if (message.kind === 'offer') {
      this.#offered(personId, message);
      return;
    }
    const open = this.#open.get(message.transfer);
    if (open?.transfer.personId === personId) this.#answered(open, message);
  }

  /** This participant has left the room, or somebody else has. */
  personLeft(personId: string): void {
    for (const { transfer } of [...this.#open.values()])
      if (transfer.personId === personId) this.#change(transfer.id, ['asking', 'connecting'], { status: 'failed' });
  }

  #answered(open: Open, message: Exclude<FileMessage, { readonly kind: 'offer' }>): void {
    const { id, isIncoming } = open.transfer;
    switch (message.kind) {
      case 'cancel':
        this.#change(id, ['asking', 'connecting', 'running'], { status: 'cancelled' });
        break;
      case 'refuse':
        if (!isIncoming) this.#change(id, ['asking'], { status: 'refused' });
        break;
      case 'accept':
        if (!isIncoming) this.#connect(open);
        break;
      case 'description':
        this.#describe(open, message.sdp).catch(() => this.#failed(id));
    }
  }

  #offered(personId: string, { transfer: id, name, size }: FileMessage & { readonly kind: 'offer' }): void {
    if (this.#open.has(id)) return;
    this.#forgetEnded();
    const asking = [...this.#open.values()].filter(
      ({ transfer }) => transfer.isIncoming && transfer.personId === personId && transfer.status === 'asking',
    );
    if (asking.length >= MAX_ASKING_OF_PERSON || this.#open.size >= MAX_LISTED)
      void this.#options.send(personId, { kind: 'refuse', transfer: id }).catch(() => {});
    else this.#add({ id, personId, isIncoming: true, fileName: name, size }, null);
  }

  /** Makes room for new ones. What was received and is not yet removed stays. */
  #forgetEnded(): void {
    for (const [id, { transfer }] of this.#open)
      if (this.#open.size >= MAX_LISTED && ENDED.has(transfer.status) && transfer.url === null) this.#open.delete(id);
  }

  #add(about: Pick<Transfer, 'id' | 'personId' | 'isIncoming' | 'fileName' | 'size'>, file: Blob | null): void {
    const personName = this.#options.nameOf(about.personId) ?? '';
    this.#open.set(about.id, {
      transfer: { ...about, personName, status: 'asking', progress: 0, url: null },
      file,
      channel: null,
    });
    this.#show();
  }

  /** The other side has accepted: describes how to reach this browser. */
  #connect(open: Open): void {
    const { transfer, file } = open;
    if (file === null || !this.#change(transfer.id, ['asking'], { status: 'connecting' })) return;
    const channel = this.#openChannel(open);
    channel
      .offer(file, () => this.#change(transfer.id, ['connecting', 'running'], { status: 'done', progress: 1 }))
      .then((sdp) => this.#tell(transfer.id, { kind: 'description', transfer: transfer.id, sdp }))
      .catch(() => this.#failed(transfer.id));
  }

  async #describe(open: Open, sdp: string): Promise<void> {
    const { id, isIncoming, size, status } = open.transfer;
    if (status !== 'connecting') return;
    if (!isIncoming) return open.channel?.accept(sdp);
    // One connection for each file.
    if (open.channel !== null) return;
    const answer = await this.#openChannel(open).answer(sdp, size, (file) =>
      this.#change(id, ['connecting', 'running'], { status: 'done', progress: 1, url: URL.createObjectURL(file) }),
    );
    this.#tell(id, { kind: 'description', transfer: id, sdp: answer });
  }

  #openChannel(open: Open): NonNullable<Open['channel']> {
    const { id } = open.transfer;
    open.channel = this.#options.openChannel({
      progress: (progress) => this.#change(id, ['connecting', 'running'], { status: 'running', progress }),
      failed: () => this.#failed(id),
    });
    return open.channel;
  }

  #failed(id: string): void {
    this.#change(id, ['asking', 'connecting', 'running'], { status: 'failed' });
  }

  #tell(id: string, message: FileMessage): void {
    const personId = this.#open.get(id)?.transfer.personId;
    if (personId !== undefined) this.#options.send(personId, message).catch(() => this.#failed(id));
  }

  /** Whether it was in one of these states, and has changed. */
  #change(id: string, from: readonly TransferStatus[], change: Partial<Transfer>): boolean {
    const open = this.#open.get(id);
    if (open === undefined || !from.includes(open.transfer.status)) return false;
    open.transfer = { ...open.transfer, ...change };
    // The sender closes a connection over which everything was sent; the receiver's answer is still on its way.
    if (ENDED.has(open.transfer.status) && open.transfer.status !== 'done') open.channel?.close();
    this.#show();
    return true;
  }

  #show(): void {
    this.list.value = [...this.#open.values()].map(({ transfer }) => transfer).reverse();
  }
}
