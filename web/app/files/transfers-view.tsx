import type { Call } from '../call.ts';
import { lateStrings } from '../late-strings.ts';
import { FileChannel } from './file-channel.ts';
import { TOPIC } from './peer-messages.ts';
import { sizeText } from './size-text.ts';
import { type Transfer, Transfers } from './transfers.ts';

const texts = lateStrings.files;

/** Transfers with the people of this call's room. */
export function createTransfers(call: Call): Transfers {
  const { client } = call;
  const transfers = new Transfers({
    send: (personId, message) => client.data.send(TOPIC, message, { to: [personId] }),
    nameOf: (personId) => call.participants.value.get(personId)?.name,
    openChannel: (events) => new FileChannel(client.data.iceServers, events),
    createId: () => crypto.randomUUID(),
  });
  client.on('participantLeft', ({ participant }) => transfers.personLeft(participant.id));
  return transfers;
}

/** The files that are offered, on their way, or ready to be saved. */
export function TransfersView({ transfers }: { transfers: Transfers }) {
  const list = transfers.list.value;
  if (list.length === 0) return null;
  return (
    <ul class="transfers" aria-label={texts.title} data-testid="transfers">
      {list.map((transfer) => (
        <li
          key={transfer.id}
          class="message message-notice"
          data-testid="transfer"
          data-status={transfer.status}
          data-incoming={transfer.isIncoming}
        >
          <TransferLine transfer={transfer} transfers={transfers} />
        </li>
      ))}
    </ul>
  );
}

function TransferLine({ transfer, transfers }: { transfer: Transfer; transfers: Transfers }) {
  const { id, status, isIncoming, personName, url, progress } = transfer;
  const isAsked = isIncoming && status === 'asking';
  const isUnderWay = status === 'connecting' || status === 'running' || (!isIncoming && status === 'asking');
  const button = (testId: string, label: string, run: () => void, style = '') => (
    <button type="button" class={`button ${style}`} data-testid={testId} onClick={run}>
      {label}
    </button>
  );
  return (
    <>
      <span role={isAsked ? 'alert' : 'status'}>
        <bdi>{transfer.fileName}</bdi> ({sizeText(transfer.size)}),{' '}
        <bdi>{isIncoming ? texts.from(personName) : texts.to(personName)}</bdi>:{' '}
        {isAsked ? texts.offered : texts.status[status]}
      </span>
      {isUnderWay && status !== 'asking' && (
        <progress value={progress} aria-label={texts.progress(transfer.fileName)} />
      )}
      {isAsked && button('transfer-accept', texts.accept, () => transfers.accept(id), 'button-primary')}
      {isAsked && button('transfer-refuse', texts.refuse, () => transfers.refuse(id))}
      {isUnderWay && button('transfer-cancel', texts.cancel, () => transfers.cancel(id))}
      {url !== null && (
        <a class="button button-primary" data-testid="transfer-save" href={url} download={transfer.fileName}>
          {texts.save}
        </a>
      )}
      {!isAsked && !isUnderWay && button('transfer-remove', texts.remove, () => transfers.remove(id))}
    </>
  );
}
