import { render, type JSX } from 'preact';
import { startClock } from './clock.ts';
import { Composer, VoiceProblem } from './composer.tsx';
import { client } from './conversation-store.ts';
import { Conversation } from './conversation.tsx';
import { Inspector } from './inspector.tsx';
import { Lanes } from './lanes.tsx';
import { Banner, Status } from './status.tsx';
import { Tasks } from './tasks.tsx';

function Page(): JSX.Element {
  return (
    <div class="page">
      <Status />
      <Banner />
      <main>
        <div class="talk">
          <Conversation />
          <VoiceProblem />
          <Composer />
        </div>
        <div class="work">
          <Lanes />
          <Tasks />
          <Inspector />
        </div>
      </main>
    </div>
  );
}

const root = document.getElementById('app');
if (root) render(<Page />, root);
startClock();
client.connect();
