// Written by `make abi`. Do not edit.
export const priceOracleAbi = [
  {"type": "constructor", "stateMutability": "nonpayable", "inputs": [{"name": "sequencer_feed", "type": "address"}, {"name": "sequencer_grace", "type": "uint256"}]},
  {"type": "function", "name": "AVERAGE_WINDOW", "stateMutability": "view", "inputs": [], "outputs": [{"name": "", "type": "uint256"}]},
  {"type": "function", "name": "checkpoint", "stateMutability": "nonpayable", "inputs": [{"name": "w0", "type": "uint256"}, {"name": "w1", "type": "uint256"}, {"name": "w2", "type": "uint256"}], "outputs": []},
  {"type": "function", "name": "report_outage", "stateMutability": "nonpayable", "inputs": [{"name": "w0", "type": "uint256"}, {"name": "w1", "type": "uint256"}, {"name": "w2", "type": "uint256"}], "outputs": []},
  {"type": "function", "name": "read", "stateMutability": "view", "inputs": [{"name": "configs", "type": "uint256[]"}], "outputs": [{"name": "", "type": "uint256[]"}]},
  {"type": "function", "name": "price", "stateMutability": "view", "inputs": [{"name": "w0", "type": "uint256"}, {"name": "w1", "type": "uint256"}, {"name": "w2", "type": "uint256"}], "outputs": [{"name": "", "type": "uint256"}, {"name": "", "type": "uint256"}, {"name": "", "type": "uint256"}]},
  {"type": "function", "name": "last_valid", "stateMutability": "view", "inputs": [{"name": "w0", "type": "uint256"}, {"name": "w1", "type": "uint256"}, {"name": "w2", "type": "uint256"}], "outputs": [{"name": "", "type": "uint256"}, {"name": "", "type": "uint256"}]},
  {"type": "function", "name": "average", "stateMutability": "view", "inputs": [{"name": "w0", "type": "uint256"}, {"name": "w1", "type": "uint256"}, {"name": "w2", "type": "uint256"}], "outputs": [{"name": "", "type": "uint256"}, {"name": "", "type": "uint256"}]},
  {"type": "function", "name": "outage", "stateMutability": "view", "inputs": [{"name": "w0", "type": "uint256"}, {"name": "w1", "type": "uint256"}, {"name": "w2", "type": "uint256"}], "outputs": [{"name": "", "type": "uint256"}]},
  {"type": "function", "name": "sequencer_feed", "stateMutability": "view", "inputs": [], "outputs": [{"name": "", "type": "address"}]},
  {"type": "function", "name": "sequencer_grace", "stateMutability": "view", "inputs": [], "outputs": [{"name": "", "type": "uint256"}]},
  {"type": "function", "name": "is_sequencer_up", "stateMutability": "view", "inputs": [], "outputs": [{"name": "", "type": "bool"}]},
  {"type": "function", "name": "resumed_at", "stateMutability": "view", "inputs": [], "outputs": [{"name": "", "type": "uint256"}]},
  {"type": "event", "name": "OutageEnded", "anonymous": false, "inputs": [{"name": "config", "type": "bytes32", "indexed": true}, {"name": "since", "type": "uint256", "indexed": false}]},
  {"type": "event", "name": "Checkpoint", "anonymous": false, "inputs": [{"name": "config", "type": "bytes32", "indexed": true}, {"name": "price", "type": "uint256", "indexed": false}, {"name": "average", "type": "uint256", "indexed": false}, {"name": "time", "type": "uint256", "indexed": false}]},
  {"type": "event", "name": "OutageReported", "anonymous": false, "inputs": [{"name": "config", "type": "bytes32", "indexed": true}, {"name": "status", "type": "uint256", "indexed": false}, {"name": "since", "type": "uint256", "indexed": false}]}
] as const;
