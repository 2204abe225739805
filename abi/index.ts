// Written by `make abi`. Do not edit.
export { clearinghouseAbi } from "./Clearinghouse.js";
export { defaultFundAbi } from "./DefaultFund.js";
export { defaultManagerAbi } from "./DefaultManager.js";
export { exchangeAbi } from "./Exchange.js";
export { insuranceFundAbi } from "./InsuranceFund.js";
export { lensAbi } from "./Lens.js";
export { priceOracleAbi } from "./PriceOracle.js";
export { riskEngineAbi } from "./RiskEngine.js";
export { timelockAbi } from "./Timelock.js";
