import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useWords } from '../i18n/index.ts';
import { SHORTCUT_ACTIONS } from '../i18n/texts.ts';
import { useSettings } from '../settings-context.ts';
import { SHORTCUT_KEYS } from '../state/shortcuts.ts';
import { Dialog } from './dialog.tsx';

/** What an agent may set on this computer, and the list of shortcut keys. */
export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const { settings, change } = useSettings();
  const [permission, setPermission] = useState(notificationPermission);
  const askPermission = async (wanted: boolean) => {
    if (!wanted) return change({ notifications: false });
    const answer = await Notification.requestPermission();
    setPermission(answer);
    change({ notifications: answer === 'granted' });
  };
  return (
    <Dialog title={t.settings.title} onClose={onClose}>
      <div class="settings">
        <Switch
          label={t.settings.sound}
          hint={t.settings.soundHint}
          checked={settings.sound}
          onChange={(sound) => change({ sound })}
        />
        {permission === 'none' ? (
          <p class="soft">{t.settings.notificationsNone}</p>
        ) : (
          <Switch
            label={t.settings.notifications}
            hint={permission === 'denied' ? t.settings.notificationsRefused : t.settings.notificationsHint}
            checked={settings.notifications && permission === 'granted'}
            onChange={(wanted) => void askPermission(wanted)}
          />
        )}
        <Switch
          label={t.settings.shortcuts}
          hint={t.settings.shortcutsHint}
          checked={settings.shortcuts}
          onChange={(shortcuts) => change({ shortcuts })}
        />
        <h3>{t.settings.shortcutsHeading}</h3>
        <table class="utrecht-table utrecht-table--html-table shortcuts">
          <thead>
            <tr>
              <th scope="col">{t.settings.key}</th>
              <th scope="col">{t.settings.action}</th>
            </tr>
          </thead>
          <tbody>
            {SHORTCUT_ACTIONS.map((action) => (
              <tr key={action}>
                <th scope="row">
                  <kbd>Alt</kbd> + <kbd>{SHORTCUT_KEYS[action].toUpperCase()}</kbd>
                </th>
                <td>{t.settings.shortcutNames[action]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Dialog>
  );
}

function Switch(props: {
  label: string;
  hint: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div class="switch">
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={props.checked}
        checked={props.checked}
        aria-describedby={`${id}-hint`}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <label for={id}>{props.label}</label>
      <p id={`${id}-hint`} class="hint">
        {props.hint}
      </p>
    </div>
  );
}

function notificationPermission(): NotificationPermission | 'none' {
  return 'Notification' in window ? Notification.permission : 'none';
}
