// A page that failed says so; the rest of the house stays.
import { Component, type ReactNode } from 'react';
import { Failure } from './states';

export class Boundary extends Component<{ children: ReactNode; at: string }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown) { return { error }; }
  override componentDidUpdate(before: { at: string }) { if (before.at !== this.props.at && this.state.error !== null) this.setState({ error: null }); }
  override render() {
    return this.state.error === null ? this.props.children : <div className="page"><h1 style={{ fontSize: '1.75rem' }}>Lumbar</h1><Failure error={this.state.error} again={() => this.setState({ error: null })} /></div>;
  }
}
