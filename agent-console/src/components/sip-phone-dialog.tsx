import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { fetchSipPhone, type SipPhone } from '../state/sip-phone.ts';
import { Dialog } from './dialog.tsx';
import { Notice } from './notice.tsx';

/** What the agent types into an own SIP phone, once. Fetched when asked for, gone with the dialog. */
export function SipPhoneDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const [phone, setPhone] = useState<SipPhone | 'loading' | 'failed'>('loading');
  useEffect(() => void fetchSipPhone().then((found) => setPhone(found ?? 'failed')), []);
  return (
    <Dialog title={t.sipPhone.title} onClose={onClose}>
      <div class="sip-phone">
        <p class="soft">{t.sipPhone.intro}</p>
        <div role="status">
          {phone === 'loading' && <p class="loading">{t.loading}</p>}
          {phone === 'failed' && <Notice kind="problem">{t.sipPhone.failed}</Notice>}
        </div>
        {typeof phone === 'object' && <Particulars phone={phone} />}
      </div>
    </Dialog>
  );
}

function Particulars({ phone }: { phone: SipPhone }) {
  const { t } = useWords();
  return (
    <>
      <dl>
        {phone.servers.map(({ domain }) => (
          <div key={domain}>
            <dt>{t.sipPhone.server}</dt>
            <dd>{domain}</dd>
          </div>
        ))}
        <div>
          <dt>{t.sipPhone.user}</dt>
          <dd>{phone.user}</dd>
        </div>
        <div>
          <dt>{t.sipPhone.password}</dt>
          <dd>{phone.password}</dd>
        </div>
      </dl>
      <p class="hint">{t.sipPhone.keepSecret}</p>
    </>
  );
}
