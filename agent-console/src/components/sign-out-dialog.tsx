import { useWords } from '../i18n/index.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { HangUpIcon, TransferIcon } from './icons.tsx';

/** In a call nobody is signed out: the caller goes somewhere first. */
export function SignOutDialog(props: {
  /** Absent while it cannot be transferred. */
  onTransfer: (() => void) | undefined;
  onHangUp: () => void;
  onClose: () => void;
}) {
  const { t } = useWords();
  return (
    <Dialog title={t.signOutInCall.title} onClose={props.onClose}>
      <div class="dialog-body">
        <p>{t.signOutInCall.text}</p>
        <div class="dialog-actions">
          {props.onTransfer && (
            <Button kind="primary" onClick={props.onTransfer}>
              <TransferIcon />
              {t.call.transfer}
            </Button>
          )}
          <Button kind="danger" onClick={props.onHangUp}>
            <HangUpIcon />
            {t.call.hangUp}
          </Button>
          <Button onClick={props.onClose}>{t.cancel}</Button>
        </div>
      </div>
    </Dialog>
  );
}
