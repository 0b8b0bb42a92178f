import type { JSX } from 'preact';
import type { Flow } from '../call/flow.ts';
import { CopyButton } from './copy-button.tsx';
import type { ViewContext } from './state-view.tsx';

const APP_STORES = {
  Android: 'https://play.google.com/store/apps/details?id=org.irmacard.cardemu',
  iOS: 'https://apps.apple.com/app/id1294092994',
};

/** "What is this?", closed until asked; also the way for people who cannot aim a camera at a QR code. */
export function Help({ flow, context }: { flow: Flow; context: ViewContext }): JSX.Element {
  const { texts, language, device } = context;
  const { help, qr, copied } = texts;
  const site = language === 'nl' ? 'https://yivi.app/' : 'https://yivi.app/en/';
  const store = device === 'Android' || device === 'iOS' ? APP_STORES[device] : site;
  return (
    <details class="help">
      <summary>{help.summary}</summary>
      <p>{help.what}</p>
      <p>{help.control}</p>
      <p>{help.pin}</p>
      <p>
        <a href={store} target="_blank" rel="noopener noreferrer">
          {help.getApp}
          <span class="for-listeners"> ({help.newWindow})</span>
        </a>
      </p>
      {flow.identification.kind === 'qr' && (
        <>
          <p>{qr.notScanning}</p>
          <CopyButton value={flow.identification.url} label={qr.copyLink} done={copied} />
        </>
      )}
    </details>
  );
}
