/** Scan, then type over what the app shows: so the gateway knows that page and app are in the same hands. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Identification } from '../call/flow.ts';
import { PairingCode } from './pairing-code.tsx';
import { QrImage } from './qr-image.tsx';
import type { ViewContext } from './state-view.tsx';

interface Props {
  identification: Identification & { kind: 'paired-qr' };
  context: ViewContext;
}

export function PairedQr({ identification, context }: Props): JSX.Element {
  const { texts, actions } = context;
  const { url, link, digits } = identification;
  const [scanned, setScanned] = useState(link === null);
  return (
    <div class="scan">
      {scanned ? (
        <QrImage text={url} label={texts.qr.image} />
      ) : (
        <>
          <a class="button primary wide" part="primary-button" href={link ?? url}>
            {texts.link.open}
          </a>
          <button type="button" class="text-button" onClick={() => setScanned(true)}>
            {texts.link.otherDevice}
          </button>
        </>
      )}
      <PairingCode
        texts={texts.pairing}
        rejected={digits === 'rejected'}
        focused={link === null}
        waiting={digits === 'checking'}
        onEntered={actions.enterPairingCode}
      />
      <button type="button" class="text-button" onClick={() => actions.callFrom('app')}>
        {texts.otherPhone.back}
      </button>
    </div>
  );
}
