/** The frame of the dialog: who is called about what, the stages, the present state, and the way without Yivi. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { type Flow, isUnderWay } from '../call/flow.ts';
import { formatPhoneNumber } from '../phone-number.ts';
import { localized, type Texts } from '../texts/texts.ts';
import { Help } from './help.tsx';
import { Icon } from './icons.tsx';
import { type StateView, type ViewContext, viewOf } from './state-view.tsx';

interface Props {
  flow: Flow;
  context: ViewContext;
  onClosed(): void;
}

export function CallDialog({ flow, context, onClosed }: Props): JSX.Element {
  const { texts, language, actions } = context;
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const view = viewOf(flow, context);
  const { purpose } = flow;
  const lost = flow.lost.gateway || flow.lost.yivi;

  useEffect(() => {
    dialog.current?.showModal();
    title.current?.focus();
  }, []);
  // A control that vanishes takes the focus along; the keyboard then goes on at the new state's heading.
  useLayoutEffect(() => {
    const root = dialog.current?.getRootNode() as ShadowRoot;
    if (dialog.current?.open && root.activeElement === null) heading.current?.focus();
  }, [view.name]);

  return (
    <dialog ref={dialog} part="dialog" lang={language} aria-labelledby="title" onClose={onClosed}>
      <header part="header">
        <div class="titles">
          <p class="organisation">{purpose && localized(purpose.organisation.name, language)}</p>
          <h2 ref={title} id="title" part="title" tabIndex={-1}>
            {purpose ? localized(purpose.purpose.title, language) : texts.title}
          </h2>
        </div>
        <button type="button" class="close" part="close" aria-label={texts.close} onClick={actions.close}>
          <Icon name="cross" />
        </button>
      </header>
      {view.stage !== null && <Stages texts={texts} current={view.stage} />}
      <p class="lost" hidden={!lost}>
        <Icon name="warning" /> {texts.connectionLost}
      </p>
      <div class={`state ${view.tone}`} part="body" key={view.name}>
        <StateIcon view={view} />
        <h3 ref={heading} tabIndex={-1}>
          {view.text.heading}
        </h3>
        <p class="lead">{view.text.lead}</p>
        {view.details}
        {view.help && <Help flow={flow} context={context} />}
      </div>
      <PlainNumber flow={flow} context={context} />
      <p class="for-listeners" role="status">
        {lost ? texts.connectionLost : `${view.text.heading}. ${view.text.lead}`}
      </p>
    </dialog>
  );
}

function Stages({ texts, current }: { texts: Texts; current: number }): JSX.Element {
  return (
    <ol class="stages" aria-label={texts.stagesLabel}>
      {texts.stages.map((stage, index) => (
        <li key={stage} class={index < current ? 'past' : ''} {...(index === current && { 'aria-current': 'step' })}>
          <span>{stage}</span>
        </li>
      ))}
    </ol>
  );
}

function StateIcon({ view }: { view: StateView }): JSX.Element | null {
  if (view.icon === null) return null;
  if (view.icon === 'spinner') return <span class="badge spinner" />;
  return (
    <span class="badge">
      <Icon name={view.icon} />
    </span>
  );
}

/** The way without Yivi, as long as there is a choice. */
function PlainNumber({ flow, context }: { flow: Flow; context: ViewContext }): JSX.Element | null {
  const { purpose } = flow;
  const { texts, hasOwnNumber } = context;
  const { question, call, consequence } = texts.withoutYivi;
  if (purpose === null && flow.step === 'problem' && hasOwnNumber) {
    return (
      <footer part="footer">
        <p>
          <strong>{question}</strong> {call} <slot />
        </p>
      </footer>
    );
  }
  if (purpose === null || isUnderWay(flow) || flow.step === 'ended') return null;
  const isClosed = flow.step === 'closed';
  return (
    <footer part="footer">
      <p>
        <strong>{isClosed ? texts.otherSubject : question}</strong> {call}{' '}
        <a class="number" href={`tel:${purpose.number}`}>
          {formatPhoneNumber(purpose.number)}
        </a>
        .{!isClosed && ` ${consequence}`}
      </p>
    </footer>
  );
}
