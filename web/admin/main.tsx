import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { AdminSession } from './admin-session.ts';
import { BansView } from './bans-view.tsx';
import { ClusterView } from './cluster-view.tsx';
import { SaidMessage, Unreachable } from './messages.tsx';
import { RecordingsView } from './recordings-view.tsx';
import { RoomsView } from './rooms-view.tsx';
import { ServerView } from './server-view.tsx';
import { SignIn } from './sign-in.tsx';
import { strings } from './strings.ts';
import { TokenView } from './token-view.tsx';

function App({ session }: { session: AdminSession }) {
  return session.api.value === null ? <SignIn session={session} /> : <Panels session={session} />;
}

function Panels({ session }: { session: AdminSession }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // The focused button disappears with the form.
  useEffect(() => heading.current?.focus(), []);
  const overview = session.overview.value;
  return (
    <main class="admin" data-stale={!session.isReachable.value}>
      <header class="row">
        <h1 ref={heading} tabIndex={-1}>
          {strings.title}
        </h1>
        <button type="button" class="button" data-testid="sign-out" onClick={() => session.signOut()}>
          {strings.signOut}
        </button>
      </header>
      <Unreachable session={session} />
      <SaidMessage session={session} />
      {overview === null ? (
        <p class="quiet">{strings.loading}</p>
      ) : (
        <>
          <ServerView session={session} server={overview.server} />
          <ClusterView session={session} cluster={overview.cluster} silent={overview.silent} />
          <RoomsView session={session} overview={overview} />
          <BansView session={session} list={overview.bans} />
          <RecordingsView session={session} list={overview.recordings} />
          <TokenView session={session} />
        </>
      )}
    </main>
  );
}

const root = document.getElementById('app');
if (root === null) throw new Error('The page has no #app.');
render(<App session={new AdminSession()} />, root);
