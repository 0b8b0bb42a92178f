import { render } from 'preact';
import './styles/index.css';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);

// A page that the browser kept aside and brings back has no connections any more.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
